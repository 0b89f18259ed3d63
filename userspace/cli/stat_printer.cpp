#include "cli/stat_printer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "cli/terminal.h"

namespace gorotrace {

StatPrinter::StatPrinter(const Options& options, OutputQueue& out, RunStacks& stacks)
    : json_(options.json),
      colour_(!options.json && isatty(STDOUT_FILENO) == 1),
      lines_({.several_targets = options.several, .colour = colour_}),
      out_(out),
      stacks_(stacks) {
  text_.several = options.several;
  text_.width = terminal_width();
  text_.limit = options.limit;
  text_.stacks = options.stacks;
  text_.system = options.system;
  text_.colour = colour_;
  json_options_.system = options.system;
}

void StatPrinter::interval(const IntervalRow& row, const StatFacts& facts) {
  out_.put(json_ ? json_text([&](JsonWriter& json) {
                     stat_interval_json(json, row, facts.target, facts.begin_ns);
                   }) + "\n"
                 : lines_.line(row, facts.target));
  any_ = true;
}

void StatPrinter::note(const std::string& text) {
  if (json_) return;
  out_.put(fmt::format("({})\n", text));
  any_ = true;
}

void StatPrinter::summary(const Target& target, const StatFacts& facts, const Tables& tables,
                          Symbolizer& symbols) {
  if (json_) {
    JsonWriter json([this](std::string_view piece) { out_.put(std::string(piece)); });
    stat_summary_json(json, facts, tables, symbols, stacks_.at(target.process().pid()), json_options_);
    json.end_line();
  } else {
    out_.put((any_ ? "\n" : "") + stat_summary_text(facts, tables, symbols, text_));
  }
  any_ = true;
}

}  // namespace gorotrace
