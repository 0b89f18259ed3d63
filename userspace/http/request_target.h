// The target of a request line as RFC 9112 has it, "/a/b%20c?d=e&f" or "http://node:9464/a/b%20c?d=e&f":
// taken apart once, and decoded once. Pure; what comes in is hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gorotrace {

struct RequestTarget {
  std::string path;                                     // decoded, begins with "/"; may hold any byte but NUL
  std::string raw_query;                                // as it came, without the "?"
  std::optional<std::string> authority = std::nullopt;  // "node:9464", of a whole URL
  // As Go's net/url has it (ParseQuery): parts that cannot be decoded, or that hold a ";", are left out.
  std::vector<std::pair<std::string, std::string>> query = {};

  // The first value of that name; nullptr: there is none.
  [[nodiscard]] const std::string* value(std::string_view name) const;
};

// nullopt: neither a path nor a URL of HTTP ("*", "node:9464", a URL that names a user), a blank or a control
// character, a "%" without two hex digits in the path, or a NUL.
[[nodiscard]] std::optional<RequestTarget> parse_request_target(std::string_view text);

// strconv.Atoi with its error ignored, as Go's handlers use it: 0 for what is no number, the nearest number
// for one that is too large.
[[nodiscard]] std::int64_t go_atoi(std::string_view text);

}  // namespace gorotrace
