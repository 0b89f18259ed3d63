// `stat --json`: one object per line, described by report/stat.schema.json. Pure.
// Times (from_ns, to_ns, at_ns, covered) count from the window's start, begin_ns being its CLOCK_MONOTONIC
// time. Text is valid UTF-8 whatever the target holds; a figure nobody saw is null.
#pragma once

#include <string>

#include "report/facts.h"
#include "report/interval.h"
#include "report/symbols.h"

namespace gorotrace {

struct StatJsonOptions {
  bool system = false;  // rows of runtime-internal goroutines too
};

// Without a trailing newline.
[[nodiscard]] std::string stat_interval_json(const IntervalRow& row, const TargetFacts& target,
                                             std::uint64_t window_begin_ns);
[[nodiscard]] std::string stat_summary_json(const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                                            const StatJsonOptions& options);

}  // namespace gorotrace
