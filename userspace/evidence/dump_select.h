// Which goroutines of a dump are shown.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evidence/dump.h"
#include "evidence/dump_filter.h"

namespace gorotrace {

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
  // Left out by created_by though a library's go statement made them: for whom is not known.
  std::size_t unknown_creator = 0;
  std::vector<std::string> conditions;  // DumpFilter::conditions
  KnownWaitCounts known_waits;
};
[[nodiscard]] Selection select(const DumpView& view, const DumpFilter& filter);

}  // namespace gorotrace
