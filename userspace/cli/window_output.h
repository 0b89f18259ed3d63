// What becomes of a window's lines and of its targets' summaries. Threads: control thread.
#pragma once

#include <string>

#include "base/event_loop.h"
#include "evidence/interval.h"
#include "symbols/stack_table.h"

namespace gorotrace {

class WindowOutput {
 public:
  virtual ~WindowOutput() = default;
  // Around the time for which anything is attached.
  virtual void begins(EventLoop&) {}
  virtual void ends() {}
  // A last interval that is very short is told, too: a program gets intervals without a gap.
  [[nodiscard]] virtual bool wants_all() const = 0;
  // Intervals are lines that somebody reads.
  [[nodiscard]] virtual bool has_lines() const { return true; }
  virtual void interval(const IntervalRow& row, const StatFacts& facts) = 0;
  // Between the lines, for a person. A program finds it among the summary's notices.
  virtual void note(const std::string& text) = 0;
  virtual void summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols) = 0;
};

}  // namespace gorotrace
