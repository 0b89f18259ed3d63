// The head of a request as libmicrohttpd took it apart, and what RFC 9112 and this server demand of it before
// anything of it is looked into. The library takes much that two readers may understand differently, so that
// a proxy and this server could see two requests where there is one. Pure; what comes in is hostile.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "http/response.h"

namespace gorotrace {

struct HeadLimits {
  std::size_t target_bytes = std::size_t{8} << 10;  // of the request line's target; more is 414
  std::size_t head_bytes = std::size_t{12} << 10;   // of all of it; more is 431
  std::size_t fields = 100;                         // likewise
  std::size_t body_bytes = std::size_t{64} << 10;   // that it announces, of a POST; more is 413
};

struct RequestHead {
  std::string_view method, target, version;  // "GET", "/metrics", "HTTP/1.1"
  std::size_t bytes = 0;                     // of all of it
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  bool as_sent = true;  // what is here is all that came: stands_as_sent()

  // The value of the first field of that name, in whichever case; nullopt: there is none.
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
};

// Whether these pieces are the head that was sent, line by line: one blank between the parts of its first
// line, every line ended by CR LF, none continued by the next, no NUL in it. `head` must consist of views of
// the buffer into which it was read, where libmicrohttpd before 1.0 lets it stand. It ends a piece at a NUL,
// takes a bare LF for the end of a line, and copies a name whose line is continued; so a piece ends too early
// then, the next begins a byte too early, or is somewhere else. The pieces are looked at by where they are
// alone.
[[nodiscard]] bool stands_as_sent(const RequestHead& head);

// nullopt: it is well formed and not too large. Else the answer, behind which the connection is closed: what
// follows on it may be a body that is not read.
[[nodiscard]] std::optional<Response> head_refusal(const RequestHead& head, const HeadLimits& limits);

}  // namespace gorotrace
