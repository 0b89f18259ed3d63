#include "top/http_get.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace gorotrace {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint16_t kDefaultPort = 9464;  // of gorotrace monitor

// Until the descriptor is ready, or the time is over, or nobody waits any more.
class Patience {
 public:
  Patience(std::chrono::milliseconds patience, const std::function<bool()>& go_on)
      : patience_(patience), until_(Clock::now() + patience), go_on_(go_on) {}

  [[nodiscard]] Status await(int fd, short events) const {
    constexpr std::chrono::milliseconds kStep(100);
    while (go_on_()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
      if (left.count() <= 0)
        return fail(ErrorKind::kFailed, fmt::format("no whole answer within {} ms", patience_.count()));
      pollfd wanted{fd, events, 0};
      const int ready = poll(&wanted, 1, static_cast<int>(std::min(left, kStep).count()));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return fail_errno(errno, "poll");
    }
    return fail(ErrorKind::kFailed, "given up");
  }

 private:
  const std::chrono::milliseconds patience_;
  const Clock::time_point until_;
  const std::function<bool()>& go_on_;
};

std::string numeric_address(const addrinfo& address) {
  char text[NI_MAXHOST] = "";
  const int error =
      getnameinfo(address.ai_addr, address.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? text : "its address";
}

// refused: nothing listens there.
Result<UniqueFd> connect_to(const addrinfo& address, const Patience& patience, bool& refused) {
  const auto failed = [&](int error) {
    refused = error == ECONNREFUSED;
    return fail_errno(error, "connect");
  };
  UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return failed(errno);
    if (auto ready = patience.await(fd.get(), POLLOUT); !ready) return std::unexpected(ready.error());
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return failed(error);
  }
  return fd;
}

Result<UniqueFd> connected(const HttpPeer& peer, const Patience& patience) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(peer.host.c_str(), fmt::format("{}", peer.port).c_str(), &hints, &found);
  if (error != 0) return fail(ErrorKind::kFailed, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  Result<UniqueFd> last = fail(ErrorKind::kFailed, "no address");
  std::string by;
  bool refused = false;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    refused = false;
    last = connect_to(*address, patience, refused);
    if (last) return last;
    if (refused) by += (by.empty() ? "" : ", ") + numeric_address(*address);
  }
  if (!refused) return last;
  return fail(ErrorKind::kFailed, fmt::format("Connection refused by {}: start gorotrace monitor there", by));
}

Status send_all(int fd, std::string_view text, const Patience& patience) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return fail_errno(errno, "send");
    } else if (auto ready = patience.await(fd, POLLOUT); !ready) {
      return ready;
    }
  }
  return {};
}

Result<HttpAnswer> receive(int fd, const Patience& patience) {
  HttpAnswerReader reader;
  std::array<char, std::size_t{64} << 10> bytes;
  while (true) {
    if (auto ready = patience.await(fd, POLLIN); !ready) return std::unexpected(ready.error());
    const ssize_t got = recv(fd, bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return fail_errno(errno, "recv");
    if (got == 0) return reader.end();
    const auto whole = reader.take({bytes.data(), static_cast<std::size_t>(got)});
    if (!whole) return std::unexpected(whole.error());
    if (*whole) return reader.end();
  }
}

Result<HttpAnswer> exchange(const HttpRequest& request, const Patience& patience) {
  const auto fd = connected(request.peer, patience);
  if (!fd) return std::unexpected(fd.error());
  std::string head = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n", request.path,
                                 request.peer.text());
  if (!request.token.empty()) head += fmt::format("Authorization: Bearer {}\r\n", request.token);
  head += "Connection: close\r\n\r\n";
  if (auto sent = send_all(fd->get(), head, patience); !sent) return std::unexpected(sent.error());
  return receive(fd->get(), patience);
}

// What may stand in a Host header and is looked up.
bool is_host(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%';
  };
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, fits);
}

}  // namespace

std::string HttpPeer::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<HttpPeer> parse_http_peer(std::string_view text) {
  const std::string shown = printable(text, 128);
  if (text.starts_with("https:"))
    return fail(
        ErrorKind::kUsage,
        fmt::format("\"{}\": top speaks plain HTTP; reach an agent that serves HTTPS through something "
                    "that ends TLS (ssh -L 9464:localhost:9464 NODE, kubectl port-forward, stunnel)",
                    shown));
  std::string_view rest = text;
  if (rest.starts_with("http://")) rest.remove_prefix(std::string_view("http://").size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  HttpPeer peer;
  peer.port = kDefaultPort;
  std::optional<std::string_view> port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end != std::string_view::npos) {
      peer.host = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
      if (rest.starts_with(':')) port = rest.substr(1);
      if (!rest.empty() && !port) peer.host.clear();
    }
  } else {
    const std::size_t colon = rest.find(':');
    peer.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon + 1);
    if (peer.host.empty() && port) peer.host = "localhost";
  }
  const auto number = port ? whole_number<std::uint16_t>(*port) : std::optional(kDefaultPort);
  if (!is_host(peer.host) || !number || *number == 0)
    return fail(ErrorKind::kUsage,
                fmt::format("\"{}\" is no HOST:PORT of an agent (localhost:9464, node7, [::1]:9464)", shown));
  peer.port = *number;
  return peer;
}

Result<HttpAnswer> http_get(const HttpRequest& request, const std::function<bool()>& go_on) {
  const Patience patience(request.patience, go_on);
  auto answer = exchange(request, patience);
  if (!answer) return wrap(answer.error(), request.peer.text());
  return answer;
}

}  // namespace gorotrace
