#include "report/growth_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/plural.h"
#include "base/text.h"
#include "report/columns.h"
#include "report/frames.h"
#include "report/way_text.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

std::string signed_difference(std::uint64_t first, std::uint64_t last) {
  return last >= first ? fmt::format("+{}", last - first) : fmt::format("-{}", first - last);
}

// The frames of a stack without the runtime's, unless there are no others.
std::vector<const Frame*> shown_frames(const std::vector<Frame>& places) {
  std::vector<const Frame*> out;
  for (const Frame& f : places) {
    if (classify(f.function) != FrameClass::kRuntime) out.push_back(&f);
  }
  if (out.empty()) {
    for (const Frame& f : places) out.push_back(&f);
  }
  return out;
}

std::string under(std::string_view label, const Frame& frame, std::size_t width, const Style& style) {
  constexpr std::size_t kIndent = 8;
  return fmt::format("{:{}}{}{}\n", "", kIndent, label,
                     frame_text(frame, {width, kIndent + label.size(), kIndent + 4}, style));
}

std::string stack_lines(const Grown& row, std::size_t width, const Style& style) {
  std::string out;
  for (const Frame* f : shown_frames(row.places)) out += under("", *f, width, style);
  return out;
}

std::string site_lines(const Grown& row, std::size_t width, const Style& style) {
  const Frame& start = row.places.front();
  std::string out = start.function.empty() ? "        ?\n" : under("", start, width, style);
  if (row.places.size() > 1) out += under("created by ", row.places[1], width, style);
  return out + ways_text(row.ways, WaysOf::kRow, width, style);
}

template <typename Lines>
std::string table(const char* title, const std::vector<Grown>& rows, bool shrinking_known,
                  const GrowthOptions& options, Lines lines) {
  const std::size_t n = options.limit == 0 ? rows.size() : std::min(rows.size(), options.limit);
  const Style style{options.colour};
  std::string out = fmt::format("\n{}  ", title);
  out += n == rows.size() ? plural(n, "row") + "\n"
                          : fmt::format("{} of {} rows (--limit 0: all)\n", n, rows.size());
  for (std::size_t i = 0; i < n; ++i) {
    const Grown& row = rows[i];
    out += fmt::format("{:>8}  {} -> {}{}\n", signed_difference(row.first, row.last), row.first, row.last,
                       row.never_shrank && shrinking_known ? "  never shrank" : "");
    out += lines(row, options.width, style);
  }
  return out;
}

// Of go statements of the standard library that the program's code led to, nobody knows how.
std::string unknown_ways_text(const std::vector<Grown>& sites, std::size_t width) {
  const auto known = [](const CountedWay& way) { return !way.frames.empty(); };
  const auto n = static_cast<std::size_t>(std::ranges::count_if(sites, [&](const Grown& row) {
    return row.places.size() > 1 && classify(row.places[1].function) == FrameClass::kStandard &&
           std::ranges::none_of(row.ways, known);
  }));
  if (n == 0) return "";
  return wrapped(fmt::format("  which code of the program led to {1} of the standard library is not known: "
                             "gorotrace{0}dump --observe{0}10s --probes{0}lifecycle learns it of goroutines "
                             "made meanwhile",
                             kTie, plural(n, "go statement")),
                 width, 4);
}

std::string conditions_text(const Growth& g, std::size_t width) {
  if (g.chosen_alike()) return "";
  const auto listed = [](const std::vector<std::string>& conditions) {
    return conditions.empty() ? "none" : fmt::format("{}", fmt::join(conditions, ", "));
  };
  return wrapped(fmt::format("WARNING: the two were written with different conditions, so rows differ by "
                             "them, too; before alone: {}; after alone: {}",
                             listed(g.only_before), listed(g.only_after)),
                 width, 2);
}

}  // namespace

std::string growth_text(const Growth& g, const GrowthOptions& options) {
  const auto head = [&](const std::string& over) {
    return fmt::format("goroutines {} -> {}: {} {} · snapshot · {}\n", g.first, g.last,
                       signed_difference(g.first, g.last), over, name_of(g.quality()));
  };
  std::string out =
      g.two_processes
          ? head(executed_anew(g.from, g.to) ? "from before an exec of the same program to behind it"
                                             : "from one process to another of the same program") +
                fmt::format("  before  {}\n  after   {}\n", describe(g.from), describe(g.to))
          : head(fmt::format(
                "in {}, {}",
                format_duration(g.to_unix_ns > g.from_unix_ns ? g.to_unix_ns - g.from_unix_ns : 0),
                plural(g.looks, "sample")));
  // Between two samples whatever grew did not shrink.
  const bool shrinking_known = !g.two_processes && g.looks > 2;
  out += conditions_text(g, options.width);
  out += table("STACKS THAT GREW", g.stacks, shrinking_known, options, stack_lines);
  out += table("CREATION SITES THAT GREW", g.sites, shrinking_known, options, site_lines);
  out += unknown_ways_text(g.sites, options.width);
  return out + fmt::format("\n{} and {} became fewer\n", plural(g.stacks_shrunk, "stack"),
                           plural(g.sites_shrunk, "creation site"));
}

}  // namespace gorotrace
