// What net/http/pprof says around its profiles (Go 1.27 net/http/pprof/pprof.go), for clients written against
// it: scrapers, go tool pprof. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"
#include "http/response.h"

namespace gorotrace {

// serveError: `go tool pprof` shows the text of such an answer, and of no other.
[[nodiscard]] Response pprof_error(unsigned status, std::string_view line);
// A profile in pprof's format; the file's name: "goroutine", "goroutine-delta".
[[nodiscard]] Response pprof_file(std::string_view file, std::string gzipped);

// What a request wants of a profile that is counted (handler.ServeHTTP).
struct ProfileWanted {
  std::int64_t debug = 0;               // 0: pprof's format; 1, 2: text
  std::optional<std::int64_t> seconds;  // the difference over that time
};
// kUsage: what net/http/pprof says then, with 400. longest: of `seconds`.
[[nodiscard]] Result<ProfileWanted> profile_wanted(const RequestTarget& target, std::int64_t longest);

// The program counters that `symbol` is asked for: numbers as strconv.ParseUint has them with base 0, between
// "+". What is no number is left out.
[[nodiscard]] std::vector<std::uint64_t> symbols_wanted(std::string_view text);

struct ProfileEntry {
  std::string_view name, description;
  std::uint64_t count = 0;
};
// The page that lists them, in that order. note: what else there is to say.
[[nodiscard]] std::string pprof_index(const std::vector<ProfileEntry>& profiles, std::string_view note);

}  // namespace gorotrace
