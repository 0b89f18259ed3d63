// An answer, and those that are made in many places.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_file.h"

namespace gorotrace {

inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8",
                                  kHtmlText = "text/html; charset=utf-8", kJsonText = "application/json";

struct Response {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<const MappedBytes> file = nullptr;  // the body, where there is one
  std::shared_ptr<const void> keeps = nullptr;        // lives until all of it was sent, or cannot be
  bool length_unknown = false;                        // to HEAD: only a GET would tell how long the body is
};

// Every one says that its type is not to be guessed (nosniff).
[[nodiscard]] Response answer(unsigned status, std::string_view content_type, std::string body);
// text/plain, the text as one line.
[[nodiscard]] Response plain(unsigned status, std::string_view line);
// 405, which methods there are instead: "GET, HEAD". The text is net/http's.
[[nodiscard]] Response method_not_allowed(std::string_view allowed);

}  // namespace gorotrace
