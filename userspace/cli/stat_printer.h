// What stat says, as text or JSON, into a queue. Threads: control thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "cli/output_queue.h"
#include "cli/terminal.h"
#include "cli/window_output.h"
#include "evidence/interval.h"
#include "report/stack_numbers.h"
#include "report/stat_json.h"
#include "report/stat_text.h"

namespace gorotrace {

class StatPrinter : public WindowOutput {
 public:
  struct Options {
    bool json = false, several = false, stacks = false;
    RowOptions rows;
    std::size_t limit = 10;
    Screen screen;
  };
  // `out` and `stacks` outlive this object.
  StatPrinter(const Options& options, OutputQueue& out, RunStacks& stacks);

  [[nodiscard]] bool wants_all() const override { return json_; }
  void interval(const IntervalRow& row, const StatFacts& facts) override;
  void note(const std::string& text) override;
  void summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols) override;

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
