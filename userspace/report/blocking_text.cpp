#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "report/frames.h"
#include "report/text_parts.h"

namespace gorotrace {
namespace {

// Where goroutines of that start function come from, for rows that only know their stacks.
class Creators {
 public:
  explicit Creators(const TextContext& c) : c_(c) {
    for (const CreationRow* row : creation_rows(c.tables, true)) {
      by_function_[c.symbols.frames(row->startpc, PcKind::kExact).back().function].push_back(row);
    }
  }
  [[nodiscard]] std::string text(std::uint64_t stack) const {
    const auto it = by_function_.find(start_function(c_.symbols.stack(stack)));
    if (it == by_function_.end()) return "";
    const std::string sites = it->second.size() > 1 ? fmt::format(" and {} more", it->second.size() - 1) : "";
    return creator_text(c_, *it->second.front(), sites);
  }

 private:
  const TextContext& c_;
  std::map<std::string, std::vector<const CreationRow*>> by_function_;
};

// What the columns of the blocking table are: counts and durations of waits where probes saw them, errors
// where the census estimated.
struct BlockingColumns {
  bool probed, sampled, wide;
  [[nodiscard]] bool p50() const { return probed && (wide || !sampled); }

  [[nodiscard]] std::string header() const {
    std::string out = fmt::format("{:>7}{:>9}{:>10}", "blocked", "oldest", "in_window");
    if (sampled) out += fmt::format("{:>9}", "±");
    out += fmt::format("{:>5}", "%");
    if (probed)
      out += fmt::format("{:>8}{}{:>9}", "count", wide ? fmt::format("{:>9}", "total") : "", "mean");
    if (p50()) out += fmt::format("{:>9}", "p50");
    if (probed) out += fmt::format("{:>9}", "p99");
    out += fmt::format("{:>9}", probed ? "max" : "longest");
    if (probed && wide) out += fmt::format("{:>15}{:>9}", "ended_unknown", "tainted");
    return out;
  }
};

std::string blocking_row_text(const TextContext& c, const BlockingRow& row, const TableTrust& trust,
                              const BlockingColumns& columns, const Creators& creators) {
  const TableTrust own = row_trust(row, trust);
  const bool wide = columns.wide;
  const Histogram& h = row.waits;
  const bool any = h.count() > 0;
  const bool counted = own.engine != Engine::kCensus;
  const auto seen = [&](std::uint64_t n, const std::string& text) {
    return counted && (trust.probed() || n > 0) ? text : std::string("-");
  };
  std::string out = c.style.bold(pad_left(short_count(row.blocked_now), 7));
  out += pad_left(age_text(row.oldest_ns, row.oldest_is_lower_bound), 9);
  const auto time = [&](const std::string& text) {
    return row.sampled ? text : seen(row.in_window_ns, text);
  };
  out += pad_left(time(format_duration(row.in_window_ns)), 10);
  if (columns.sampled) out += pad_left(error_text(row.sampled), 9);
  const double share = c.tables.live_integral_ns == 0 ? 0
                                                      : 100 * static_cast<double>(row.in_window_ns) /
                                                            static_cast<double>(c.tables.live_integral_ns);
  out += pad_left(time(short_percent(share)), 5);
  if (columns.probed) {
    out += pad_left(seen(h.count(), short_count(h.count())), 8);
    if (wide) out += pad_left(any ? format_duration(h.total()) : "-", 9);
    out += pad_left(any ? format_duration(h.total() / h.count()) : "-", 9);
    if (columns.p50()) out += pad_left(duration_text(h.quantile(0.5)), 9);
    out += pad_left(duration_text(h.quantile(0.99)), 9);
  }
  const std::uint64_t longest = row.long_waits.max();
  out += pad_left(longest > h.max() ? "≈" + format_duration(longest)
                  : any             ? format_duration(h.max())
                                    : "-",
                  9);
  if (columns.probed && wide) {
    out += pad_left(seen(row.ended_unknown, short_count(row.ended_unknown)), 15);
    out += pad_left(seen(row.tainted, short_count(row.tainted)), 9);
  }
  out += "\n";
  if (row.folded != 0) {
    out += under(
        fmt::format("{}  (other stacks, {} of them)", c.style.bold(reason_name(row, c.facts)), row.folded));
  } else {
    out += stack_text(c, row.stack, reason_name(row, c.facts)) + creators.text(row.stack);
  }
  out += wakers_text(c, row.wakers, row.wakers_other, "woken by");
  if (counted && !wide && (row.ended_unknown > 0 || row.tainted > 0)) {
    out += under(
        fmt::format("{} ended_unknown, {} tainted (in no mean or quantile)", row.ended_unknown, row.tainted));
  }
  return out;
}

}  // namespace

std::string blocking_text(const TextContext& c) {
  const auto rows = blocking_rows(c.tables, c.options.system);
  const TableTrust trust = table_trust(TableKind::kBlocking, c.facts, c.tables);
  std::string out = table_title(c, "BLOCKING HOT SPOTS", "by in_window · " + of_rows(c, rows.size()), trust);
  if (rows.empty()) return out + "  no goroutine waited\n";
  const bool sampled = std::ranges::any_of(rows, [](const BlockingRow* r) { return r->sampled.has_value(); });
  const BlockingColumns columns{trust.engine != Engine::kCensus, sampled, c.width >= 110};
  out += c.style.dim(columns.header()) + "\n";
  const Creators creators(c);
  const TableTrust calls = table_trust(TableKind::kSyscallSites, c.facts, c.tables);
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i)
    out += blocking_row_text(c, *rows[i], rows[i]->in_syscall ? calls : trust, columns, creators);
  return out;
}

}  // namespace gorotrace
