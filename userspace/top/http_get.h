// One GET over plain HTTP, for a person who waits: within a time, and soon given up when that person leaves.
// Threads: any, each its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "top/http_answer.h"

namespace gorotrace {

struct HttpPeer {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;  // "node7:9464", "[::1]:9464"
};

// "node7:9464", "node7" (port 9464), "[::1]:9464", each with "http://" before and "/" behind it. kUsage for
// anything else; of https it says why. Pure.
[[nodiscard]] Result<HttpPeer> parse_http_peer(std::string_view text);

struct HttpRequest {
  HttpPeer peer;
  std::string path;   // "/targets"
  std::string token;  // "": none
  std::chrono::milliseconds patience{10'000};
};
// An answer of any status. A name is looked up first, in the time of the system's resolver. go_on: asked now
// and then.
[[nodiscard]] Result<HttpAnswer> http_get(const HttpRequest& request, const std::function<bool()>& go_on);

}  // namespace gorotrace
