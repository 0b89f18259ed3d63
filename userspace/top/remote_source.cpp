#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "top/sources.h"

namespace gorotrace {
namespace {

// What an agent says to a person who may not or cannot: a line of plain text.
std::string reason_of(const HttpAnswer& answer) {
  constexpr std::size_t kMostReason = 300;
  return printable(answer.body.substr(0, answer.body.find('\n')), kMostReason);
}

class RemoteSource : public TopSource {
 public:
  RemoteSource(HttpPeer peer, std::string token, std::shared_ptr<const std::atomic<bool>> leaving)
      : peer_(std::move(peer)), token_(std::move(token)), leaving_(std::move(leaving)) {}

  Result<std::string> targets() override { return document("/targets"); }
  Result<std::optional<std::string>> stat(const std::string& id) override {
    auto found = document(fmt::format("/targets/{}/stat", id));
    if (!found) return std::unexpected(found.error());
    return std::optional(*std::move(found));
  }

 private:
  [[nodiscard]] Result<std::string> document(const std::string& path) const {
    constexpr int kOk = 200, kUnauthorized = 401;
    auto answer = http_get({.peer = peer_, .path = path, .token = token_}, [this] { return !*leaving_; });
    if (!answer) return std::unexpected(answer.error());
    if (answer->status == kOk) return std::move(answer->body);
    if (answer->status == kUnauthorized)
      return fail(
          ErrorKind::kPermission,
          fmt::format("{} wants {}", peer_.text(),
                      token_.empty() ? "a token: --token-file" : "another token than that of --token-file"));
    return fail(ErrorKind::kFailed,
                fmt::format("{}{}: HTTP {}: {}", peer_.text(), path, answer->status, reason_of(*answer)));
  }

  const HttpPeer peer_;
  const std::string token_;
  const std::shared_ptr<const std::atomic<bool>> leaving_;
};

}  // namespace

std::unique_ptr<TopSource> remote_source(HttpPeer peer, std::string token,
                                         std::shared_ptr<const std::atomic<bool>> leaving) {
  return std::make_unique<RemoteSource>(std::move(peer), std::move(token), std::move(leaving));
}

}  // namespace gorotrace
