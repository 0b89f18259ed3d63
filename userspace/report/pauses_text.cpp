#include "report/pauses_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/plural.h"
#include "base/sort_stably.h"
#include "base/text.h"
#include "report/text_parts.h"

namespace gorotrace {
namespace {

std::string share_text(std::uint64_t ns, std::uint64_t of) {
  if (of == 0) return "";
  return short_percent(100 * static_cast<double>(ns) / static_cast<double>(of)) + " %";
}

std::string collections_text(const TextContext& c, std::uint64_t covered_ns) {
  const PauseTables& p = c.tables.pauses;
  const Histogram& h = p.collections;
  std::string out = plural(h.count(), "collection");
  if (h.count() > 0) {
    out += fmt::format(", mean {}, max {}", format_duration(h.total() / h.count()), format_duration(h.max()));
  }
  out += fmt::format("; marking for {}, {} of the time", format_duration(p.marking_ns),
                     share_text(p.marking_ns, covered_ns));
  if (p.marking_since_ns)
    out += fmt::format("; one {} for {}", c.tense("goes on", "went on"),
                       format_duration(since(c.tables.at_ns, *p.marking_since_ns)));
  return out;
}

// What is not in the figures, or only in part.
std::string cut_text(const TextContext& c) {
  const PauseTables& p = c.tables.pauses;
  std::string out;
  if (p.stopped_since_ns)
    out += fmt::format("  the world {} still, for {}\n", c.tense("stands", "stood"),
                       format_duration(since(c.tables.at_ns, *p.stopped_since_ns)));
  if (p.tainted + p.collections_tainted > 0)
    out += fmt::format("  one end unseen of {} and {}: not counted\n", plural(p.tainted, "pause"),
                       plural(p.collections_tainted, "collection"));
  return out;
}

}  // namespace

std::string pauses_text(const TextContext& c) {
  const TableTrust trust = table_trust(TableKind::kPauses, c.facts, c.tables);
  const PauseTables& p = c.tables.pauses;
  if (!trust.probed() && (c.facts.requested & group_bit(GT_GROUP_GC)) == 0) return "";
  std::string out = table_title(c, "GC AND STOP-THE-WORLD",
                                "by time · from stopTheWorld to startTheWorld" + unfiltered(c, true), trust);
  out += "  " +
         wrapped(fmt::format("{}, {} in all, {} of the time; {}", plural(p.count(), "pause"),
                             format_duration(p.stopped_ns()), share_text(p.stopped_ns(), trust.covered_ns),
                             collections_text(c, trust.covered_ns)),
                 c.width - 2, 2);
  out += cut_text(c);
  std::vector<const PauseRow*> rows;
  for (const PauseRow& row : p.rows) rows.push_back(&row);
  if (rows.empty()) return out;
  sort_stably(rows, std::ranges::greater{}, &PauseRow::in_window_ns);
  out += c.style.dim(fmt::format("{:>10}{:>9}{:>10}{:>10}{:>10}{:>10}  {}", "in_window", "count", "mean",
                                 "p50", "p99", "max", "reason")) +
         "\n";
  for (const PauseRow* row : rows) {
    const Histogram& h = row->times;
    const bool any = h.count() > 0;
    std::string cells;
    add_cell(cells, format_duration(row->in_window_ns), 10);
    add_cell(cells, short_count(h.count()), 9);
    add_cell(cells, any ? format_duration(h.total() / h.count()) : "-", 10);
    add_cell(cells, duration_text(h.quantile(0.5)), 10);
    add_cell(cells, duration_text(h.quantile(0.99)), 10);
    add_cell(cells, any ? format_duration(h.max()) : "-", 10);
    out += cells + "  " + stw_reason_name(row->reason) + "\n";
  }
  return out;
}

std::string held_up_text(const TextContext& c) {
  if (!knows_pauses(c.facts, c.tables)) return "";
  const Latency& latency = c.tables.latency;
  const std::uint64_t total = latency.histogram.total();
  if (latency.held_up == 0) return "  none of it was a pause: the world stood still in no run's wait\n";
  return "  " + wrapped(fmt::format("{} of it, {}, the world stood still, which held up {}",
                                    share_text(latency.stopped_ns, total),
                                    format_duration(latency.stopped_ns), plural(latency.held_up, "run")),
                        c.width - 2, 2);
}

}  // namespace gorotrace
