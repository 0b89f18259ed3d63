// `stat --json`: one object per line, described by report/stat.schema.json. Pure.
// Times (from_ns, to_ns, at_ns, covered) count from the window's start, begin_ns being its CLOCK_MONOTONIC
// time. Text is valid UTF-8 whatever the target holds; a figure nobody saw is null.
#pragma once

#include <cstddef>

#include "base/json_writer.h"
#include "evidence/facts.h"
#include "evidence/interval.h"
#include "recording/file_lack.h"
#include "report/chain_json.h"
#include "report/stack_numbers.h"
#include "report/stat_rows.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct StatJsonOptions {
  RowOptions rows = {};  // which of them, in which order
  // What a page wants otherwise, which holds a bounded number of rows, and each stack once.
  std::size_t most_rows = 0;      // of each table; 0: all
  std::size_t most_in_row = 0;    // stacks of a creation site and ways to it; 0: all
  bool rows_say_coverage = true;  // else their tables alone do
  FramesWriter stack = frames_json;
  const FileLack* lack = nullptr;  // of a file; nullptr: there is none
};

void stat_interval_json(JsonWriter& out, const IntervalRow& row, const TargetFacts& target,
                        std::uint64_t window_begin_ns);
// `stacks` names those of this target, in every output of the run alike.
void stat_summary_json(JsonWriter& out, const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                       StackNumbers& stacks, const StatJsonOptions& options);

}  // namespace gorotrace
