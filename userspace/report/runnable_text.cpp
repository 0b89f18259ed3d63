#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/sort_stably.h"
#include "base/text.h"
#include "report/text_parts.h"

namespace gorotrace {

namespace {

// What is known without the run group.
std::string without_run(const TextContext& c) {
  const auto& runs = c.tables.runs;
  std::uint64_t covered_ns = 0;
  if (runs) {
    for (const Interval& part : runs->covered) covered_ns += part.to_ns - part.from_ns;
  }
  if (covered_ns == 0) return "not known: the run group tells (--probes +run)";
  return fmt::format("on average {} goroutines (sampled); who and how long: --probes +run",
                     short_rate(static_cast<double>(runs->runnable.ns) / static_cast<double>(covered_ns)));
}

}  // namespace

std::string runnable_text(const TextContext& c) {
  const TableTrust trust = table_trust(TableKind::kGoroutineSeconds, c.facts, c.tables);
  std::vector<const CreationRow*> rows;
  std::uint64_t all_ns = 0;
  for (const CreationRow* row : c.rows.creation) {
    if (row->runnable_ns == 0 && row->runnable_now == 0) continue;
    rows.push_back(row);
    all_ns += row->runnable_ns;
  }
  if (!has_figure(GState::kRunnable, c.facts, c.tables))
    return titled(c, "WAITING FOR A CPU", without_run(c));
  if (rows.empty()) return "";
  sort_stably(rows, std::ranges::greater{}, &CreationRow::runnable_ns);
  std::string out = table_title(
      c, "WAITING FOR A CPU",
      "by runnable time · " + of_rows(c, rows.size(), c.rows.creation_hidden, true) + unfiltered(c, false),
      trust);
  out += c.style.dim(fmt::format("{:>7}{:>11}{:>10}{:>5}  {}", c.tense("now", "at end"), "on average",
                                 "runnable", "%", "goroutine, go statement")) +
         "\n";
  const std::uint64_t window = c.facts.end_ns > c.facts.begin_ns ? c.facts.end_ns - c.facts.begin_ns : 0;
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i) {
    const CreationRow& row = *rows[i];
    const auto share = [&](std::uint64_t of) {
      return of == 0 ? 0.0 : static_cast<double>(row.runnable_ns) / static_cast<double>(of);
    };
    const std::string now = pad_left(short_count(row.runnable_now), 7);
    std::string cells = now;
    add_cell(cells, short_rate(share(window)), 11);
    add_cell(cells, format_duration(row.runnable_ns), 10);
    add_cell(cells, short_percent(100 * share(all_ns)), 5);
    cells += "  ";
    out += c.style.bold(now) + cells.substr(now.size()) +
           frame_text(c.symbols.frames(row.startpc, PcKind::kExact).back(),
                      {c.name_width(), display_width(cells), kIndent}, c.style) +
           "\n" + creator_text(c, row, WaysOf::kMoreThanRow);
  }
  return out;
}

}  // namespace gorotrace
