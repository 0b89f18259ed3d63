// What stat says, as text or JSON, into a queue. Threads: control thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "cli/output_queue.h"
#include "cli/terminal.h"
#include "evidence/interval.h"
#include "report/stack_numbers.h"
#include "report/stat_json.h"
#include "report/stat_text.h"
#include "session/target.h"

namespace gorotrace {

class StatPrinter {
 public:
  struct Options {
    bool json = false, several = false, stacks = false;
    RowOptions rows;
    std::size_t limit = 10;
    Screen screen;
  };
  // `out` and `stacks` outlive this object.
  StatPrinter(const Options& options, OutputQueue& out, RunStacks& stacks);

  [[nodiscard]] bool json() const { return json_; }
  void interval(const IntervalRow& row, const StatFacts& facts);
  // Between the lines of a text, for a person. A program finds it among the summary's notices.
  void note(const std::string& text);
  void summary(const Target& target, const StatFacts& facts, const Tables& tables, Symbolizer& symbols);

 private:
  // Of a text, as the locale takes it.
  void put(std::string text) { out_.put(for_locale(std::move(text))); }

  bool json_, any_ = false;
  IntervalText lines_;
  StatTextOptions text_;
  StatJsonOptions json_options_;
  OutputQueue& out_;
  RunStacks& stacks_;
};

}  // namespace gorotrace
