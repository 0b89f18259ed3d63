// Which goroutines of a dump are shown: --where, --min-wait, --created-by, --limit, --system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "evidence/dump.h"

namespace gorotrace {

// Conditions of one kind are alternatives, those of different kinds must all hold.
struct DumpFilter {
  std::vector<std::string> reasons;    // the words of the header, or behind find_reasons() all that they name
  std::vector<GStatus> states;         // of those that a dump can show
  std::vector<std::string> functions;  // part of the name of any frame of its stack
  std::vector<std::pair<std::string, std::string>> labels;
  // Part of the name of the function with the go statement, or of one that is named behind it
  // (way_from_user_code).
  std::vector<std::string> created_by;
  std::optional<std::uint64_t> min_wait_ns;  // of what is known: a goroutine of unknown wait is left out
  bool system = false;                       // the runtime's own goroutines too

  // "reason=chan receive", "state=running", "function=net/http", "label=tenant=acme" into the filter; kUsage
  // for anything else.
  [[nodiscard]] Status add(std::string_view condition);
  // Replaces a part of a reason by all reasons of that program's Go version that have it ("chan"); a whole
  // one means itself alone. kUsage, with all there are, for what is in none.
  [[nodiscard]] Status find_reasons(const std::vector<std::string>& wait_reasons);
};

// Since when they wait, of those that are not hidden as the runtime's own, shown or not.
struct KnownWaitCounts {
  std::size_t waiting = 0;
  std::size_t parks = 0;                                  // seen by a probe
  std::size_t probes = 0, sampling = 0, collections = 0;  // at least, by whom
  std::size_t moved = 0;  // not known, but they were seen to move while they were watched
  [[nodiscard]] std::size_t known() const { return parks + probes + sampling + collections; }
};

struct Selection {
  std::vector<const GoroutineSnapshot*> goroutines;  // order of the dump
  std::size_t system_hidden = 0;
  std::size_t unmatched = 0;     // by the filter's conditions
  std::size_t unknown_wait = 0;  // left out by min_wait_ns though they wait: since when is not known
  KnownWaitCounts known_waits;
};
[[nodiscard]] Selection select(const DumpView& view, const DumpFilter& filter);

}  // namespace gorotrace
