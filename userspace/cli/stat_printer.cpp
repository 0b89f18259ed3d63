#include "cli/stat_printer.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "cli/time_of_day.h"
#include "report/frames.h"

namespace gorotrace {

StatPrinter::StatPrinter(const Options& options, OutputQueue& out, RunStacks& stacks)
    : json_(options.json),
      lines_({.several_targets = options.several,
              .colour = options.screen.colour,
              .width = options.screen.terminal ? options.screen.width : kNoWidth}),
      out_(out),
      stacks_(stacks) {
  text_.several = options.several;
  text_.width = options.screen.width;
  text_.screen = options.screen.terminal;
  text_.limit = options.limit;
  text_.stacks = options.stacks;
  text_.rows = options.rows;
  text_.colour = options.screen.colour;
  json_options_.rows = options.rows;
}

void StatPrinter::interval(const IntervalRow& row, const StatFacts& facts) {
  if (json_) {
    out_.put(
        json_text([&](JsonWriter& json) { stat_interval_json(json, row, facts.target, facts.begin_ns); }) +
        "\n");
  } else {
    put(lines_.line(row, facts.target, time_of_day(row.to_ns)));
  }
  any_ = true;
}

void StatPrinter::note(const std::string& text) {
  if (json_) return;
  put(fmt::format("({})\n", text));
  any_ = true;
}

void StatPrinter::summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols) {
  if (json_) {
    JsonWriter json([this](std::string_view piece) { out_.put(std::string(piece)); });
    stat_summary_json(json, facts, tables, symbols, stacks_.at(facts.target.host_pid), json_options_);
    json.end_line();
  } else {
    put((any_ ? "\n" : "") + stat_summary_text(facts, tables, symbols, text_));
  }
  any_ = true;
}

}  // namespace gorotrace
