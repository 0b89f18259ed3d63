#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "report/frames.h"
#include "report/text_parts.h"

namespace gorotrace {

std::string creation_text(const TextContext& c) {
  const std::vector<const CreationRow*>& rows = c.rows.creation;
  const TableTrust trust = table_trust(TableKind::kCreation, c.facts, c.tables);
  std::string by = by_column(c, RowSort::kLive, {RowSort::kOldest, RowSort::kCreated, RowSort::kExited});
  if (by == std::string("by ") + name_of(RowSort::kLive)) by += c.tense("", " at the end");
  std::string out = table_title(
      c, "CREATION SITES",
      by + " · " + of_rows(c, rows.size(), c.rows.creation_hidden, true) + unfiltered(c, false), trust);
  if (rows.empty())
    return out + (c.rows.creation_hidden > 0 ? "  no such site\n" : "  no goroutine was seen\n");
  // Without probes nothing tells the sites' creations and exits, but how long their goroutines lived.
  const bool sampled = !trust.probed() &&
                       std::ranges::any_of(rows, [](const CreationRow* r) { return r->sampled.has_value(); });
  out += c.style.dim(fmt::format("{:>7}{:>9}{:>9}{}{:>9}  {}", "live", sampled ? "lived" : "created",
                                 sampled ? "±" : "exited", sampled ? "" : fmt::format("{:>8}", "per s"),
                                 "oldest", "goroutine, go statement")) +
         "\n";
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i) {
    const CreationRow& row = *rows[i];
    const auto seen = [&](std::uint64_t n) {
      return trust.probed() || n > 0 ? short_count(n) : std::string("-");
    };
    const std::vector<Frame> start = c.symbols.frames(row.startpc, PcKind::kExact);
    const double rate =
        trust.probed() ? static_cast<double>(row.created) * 1e9 / static_cast<double>(trust.covered_ns) : 0;
    const std::string live = pad_left(short_count(row.live), 7);
    std::string cells = live;
    if (sampled) {
      add_cell(cells, row.sampled ? format_duration(row.sampled->ns) : "-", 9);
      add_cell(cells, error_text(row.sampled), 9);
    } else {
      add_cell(cells, seen(row.created), 9);
      add_cell(cells, seen(row.exited), 9);
      add_cell(cells, trust.probed() ? short_rate(rate) : "-", 8);
    }
    add_cell(cells, age_text(row.oldest_ns, row.oldest_is_lower_bound), 9);
    cells += "  ";
    out += c.style.bold(live) + cells.substr(live.size()) +
           frame_text(start.back(), {c.name_width(), display_width(cells), kIndent}, c.style) + "\n";
    out += creator_text(c, row, WaysOf::kRow);
    if (c.options.stacks) {
      if (is_main_goroutine(start.back()))
        out += under("no stack: runtime.rt0_go made it, before there was a goroutine that could");
      for (const CreationRow::Stack& s : row.stacks) {
        out += under(fmt::format("{} created from:", s.created)) + stack_text(c, s.stack, "");
      }
    }
  }
  return out;
}

}  // namespace gorotrace
