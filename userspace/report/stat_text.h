// `stat` for a person at a terminal. Pure; nothing of the target reaches the terminal unescaped.
#pragma once

#include <cstddef>
#include <string>

#include "evidence/facts.h"
#include "evidence/interval.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct StatTextOptions {
  std::size_t width = 80;  // columns; below 76 counts as 76
  std::size_t limit = 10;  // rows per table, 0 = all
  bool stacks = false;     // whole stacks instead of the frames that tell most
  bool system = false;     // rows of runtime-internal goroutines too
  bool colour = false;     // only for a terminal
  bool several = false;    // targets in this session, which share the account of events
};

// The lines of intervals, a header before the first and again every kHeaderEvery lines. With several targets
// each line starts with the PID.
class IntervalText {
 public:
  static constexpr unsigned kHeaderEvery = 20;
  struct Options {
    bool several_targets = false, colour = false;
  };
  explicit IntervalText(const Options& options) : options_(options) {}
  [[nodiscard]] std::string line(const IntervalRow& row, const TargetFacts& target);  // '\n' at its end

 private:
  Options options_;
  unsigned lines_ = 0;
};

[[nodiscard]] std::string stat_summary_text(const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                                            const StatTextOptions& options);

}  // namespace gorotrace
