// `stat` for a person at a terminal. Pure; nothing of the target reaches the terminal unescaped.
#pragma once

#include <cstddef>
#include <string>

#include "evidence/facts.h"
#include "evidence/interval.h"
#include "recording/file_lack.h"
#include "report/stat_rows.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// ", within the budget: ..." of a cost above the budget's share that the floor allows (Governor::step);
// else "".
[[nodiscard]] std::string within_floor_text(const CostFacts& cost, std::uint64_t window_ns);

struct StatTextOptions {
  std::size_t width = 80;          // columns; below 76 counts as 76
  bool screen = true;              // names are broken at the width; else nobody is hurt by a long line
  std::size_t limit = 10;          // rows per table, 0 = all
  bool stacks = false;             // whole stacks instead of the frames that tell most
  RowOptions rows = {};            // which of them, in which order
  bool colour = false;             // only for a terminal
  bool several = false;            // targets in this session, which share the account of events
  const FileLack* lack = nullptr;  // of a file; nullptr: there is none
};

// The lines of intervals, a header before the first and again every kHeaderEvery lines. Each begins with the
// time of day, and with several targets with the PID. Columns for which the width has no room are left out,
// those first that others tell nearly as well.
class IntervalText {
 public:
  static constexpr unsigned kHeaderEvery = 20;
  struct Options {
    bool several_targets = false, colour = false;
    std::size_t width = 80;
  };
  explicit IntervalText(const Options& options) : options_(options) {}
  // `time`: of its end. '\n' at its end.
  [[nodiscard]] std::string line(const IntervalRow& row, const TargetFacts& target, const std::string& time);

 private:
  Options options_;
  unsigned lines_ = 0;
};

[[nodiscard]] std::string stat_summary_text(const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                                            const StatTextOptions& options);

}  // namespace gorotrace
