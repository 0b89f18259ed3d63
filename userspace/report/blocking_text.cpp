#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/plural.h"
#include "base/text.h"
#include "report/columns.h"
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
      by_site_.emplace(std::pair(row->gopc, row->startpc), row);
    }
  }
  [[nodiscard]] std::string text(const BlockingRow& of) const {
    if (const auto site = by_site_.find({of.gopc, of.startpc});
        site != by_site_.end() && c_.symbols.truncated(of.stack))
      return creator_text(c_, *site->second, WaysOf::kMoreThanRow);
    const auto it = by_function_.find(start_function(c_.symbols.stack(of.stack)));
    if (it == by_function_.end()) return "";
    const std::string sites =
        it->second.size() > 1 ? " and at " + plural(it->second.size() - 1, "other go statement") : "";
    return creator_text(c_, *it->second.front(), WaysOf::kMoreThanRow, sites);
  }

 private:
  const TextContext& c_;
  std::map<std::string, std::vector<const CreationRow*>> by_function_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, const CreationRow*> by_site_;
};

// What the columns of the blocking table are: counts and durations of waits where probes saw them, errors
// where sampling estimated.
struct BlockingColumns {
  bool probed, sampled, wide, phases;
  [[nodiscard]] bool total() const {
    return wide && !phases;
  }  // in_window is, of all phases and between them
  [[nodiscard]] bool p50() const { return probed && (wide || !sampled); }

  [[nodiscard]] std::string header() const {
    std::string out = fmt::format("{:>7}{:>9}{:>10}", "blocked", "oldest", "in_window");
    if (sampled) out += fmt::format("{:>9}", "±");
    out += fmt::format("{:>5}", "%");
    if (probed) out += fmt::format("{:>8}", "count");
    if (probed && phases) out += fmt::format("{:>5}", "±");
    if (probed && total()) out += fmt::format("{:>9}", "total");
    if (probed) out += fmt::format("{:>9}", "mean");
    if (p50()) out += fmt::format("{:>9}", "p50");
    if (probed) out += fmt::format("{:>9}", "p99");
    out += fmt::format("{:>9}", probed ? "max" : "longest");
    if (probed && wide) out += fmt::format("{:>13}{:>9}", "partly seen", "cut off");
    return out;
  }
};

// What is known of the label that rows are folded by.
std::string label_text(const TextContext& c, const BlockingRow& row) {
  const std::string key = printable(c.options.rows.label_key, 256);
  switch (label_known(row.label)) {
    case LabelKnown::kValue: {
      const auto text = c.tables.label_values.find(row.label);
      return key + "=" + (text != c.tables.label_values.end() ? printable(text->second) : "?");
    }
    case LabelKnown::kMissing:
      return "no label " + key;
    case LabelKnown::kOther:
      return fmt::format("{}: other values than the first {}", key, LabelValues::kMax);
    case LabelKnown::kNotRead:
      break;
  }
  return "labels not read";
}

std::string label_lines(const TextContext& c, const BlockingRow& row) {
  const std::size_t room = c.name_width() - kIndent;
  std::string out;
  for (const std::string& piece : broken(cut_middle(label_text(c, row), kMostFrameLines * room), room))
    out += under(c.style.bold(piece));
  return out;
}

// How much of the table nobody knows the label of.
std::string labels_not_read(const TextContext& c) {
  if (c.options.rows.by != FoldBy::kLabel) return "";
  std::uint64_t ns = 0, of_ns = 0, waits = 0;
  for (const BlockingRow& row : c.rows.blocking) {
    of_ns += row.in_window_ns;
    if (label_known(row.label) != LabelKnown::kNotRead) continue;
    ns += row.in_window_ns;
    waits += row.waits.count();
  }
  if (ns == 0) return "";
  const std::string counted = waits > 0 ? ", " + plural(waits, "wait") : "";
  return wrapped(
      fmt::format("(labels are read with samples of the goroutines; not read: {} % of in_window{})",
                  short_percent(100 * static_cast<double>(ns) / static_cast<double>(of_ns)), counted),
      c.width, 2);
}

// Waits that are in no count, mean or quantile, and why.
std::string not_measured(const BlockingRow& row) {
  std::string out;
  if (row.ended_unknown > 0)
    out += under(fmt::format("and {} with an unseen beginning or end, in no mean or quantile",
                             plural(row.ended_unknown, "wait")));
  if (row.tainted > 0)
    out += under(fmt::format("and {} cut by lost events or a detach, in no mean or quantile",
                             plural(row.tainted, "wait")));
  return out;
}

// Of a count of the whole window: its standard error.
std::string count_error_text(const std::optional<EstimatedCount>& begun) {
  if (!begun || !begun->error || begun->count == 0) return "-";
  return short_percent(100 * static_cast<double>(*begun->error) / static_cast<double>(begun->count)) + "%";
}

// What is of the whole window, and what of phases alone.
std::string of_phases(const TextContext& c) {
  const std::uint64_t phases = c.tables.phases ? c.tables.phases->count : 0;
  const bool untold =
      std::ranges::any_of(c.rows.blocking, [](const BlockingRow& r) { return r.begun && !r.begun->error; });
  return wrapped(
      fmt::format(
          "(≈ count: of the whole window, by the waits seen in {}, and the runtime's own counts of "
          "what the program did; {}mean: in_window by that count; quantiles, max and "
          "wakers: while traced)",
          plural(phases, "phase"),
          untold ? "an error can be told from 8 phases on, of waits that keep to one of those counts; " : ""),
      c.width, 2);
}

// What the heads of a wide table mean, where there is something below them.
std::string legend(const TextContext& c, const BlockingColumns& columns) {
  if (!columns.probed || !columns.wide) return "";
  std::uint64_t partly_seen = 0, cut_off = 0;
  for (std::size_t i = 0; i < shown(c.rows.blocking.size(), c.options.limit); ++i) {
    partly_seen += c.rows.blocking[i].ended_unknown;
    cut_off += c.rows.blocking[i].tainted;
  }
  std::string out;
  if (partly_seen > 0) out += "partly seen: waits whose beginning or end was not seen; ";
  if (cut_off > 0) out += "cut off: waits during which events were lost or probes detached; ";
  return out.empty() ? "" : wrapped("(" + out + "they are in no mean or quantile)", c.width, 2);
}

std::string blocking_row_text(const TextContext& c, const BlockingRow& row, const TableTrust& trust,
                              const BlockingColumns& columns, const Creators& creators) {
  const TableTrust own = row_trust(row, trust);
  const bool wide = columns.wide;
  const Histogram& h = row.waits;
  const bool any = h.count() > 0;
  const bool counted = own.engine != Engine::kSampling;
  const auto seen = [&](std::uint64_t n, const std::string& text) {
    return counted && (trust.probed() || n > 0) ? text : std::string("-");
  };
  std::string cells;
  const auto cell = [&](const std::string& text, std::size_t columns_wide) {
    add_cell(cells, text, columns_wide);
  };
  const std::string blocked = pad_left(short_count(row.blocked_now), 7);
  cells = blocked;
  cell(age_text(row.oldest_ns, row.oldest_is_lower_bound), 9);
  const auto time = [&](const std::string& text) {
    return row.sampled ? text : seen(row.in_window_ns, text);
  };
  cell(time(format_duration(row.in_window_ns)), 10);
  if (columns.sampled) cell(error_text(row.sampled), 9);
  const double share = c.tables.live_integral_ns == 0 ? 0
                                                      : 100 * static_cast<double>(row.in_window_ns) /
                                                            static_cast<double>(c.tables.live_integral_ns);
  cell(time(short_percent(share)), 5);
  if (columns.probed) {
    cell(row.begun ? "≈" + short_count(row.begun->count) : seen(h.count(), short_count(h.count())), 8);
    if (columns.phases) cell(count_error_text(row.begun), 5);
    if (columns.total()) cell(any ? format_duration(h.total()) : "-", 9);
    cell(duration_text(mean_wait_ns(row)), 9);
    if (columns.p50()) cell(duration_text(h.quantile(0.5)), 9);
    cell(duration_text(h.quantile(0.99)), 9);
  }
  const std::uint64_t longest = row.long_waits.max();
  cell(longest > h.max() ? "≈" + format_duration(longest) : any ? format_duration(h.max()) : "-", 9);
  if (columns.probed && wide) {
    cell(seen(row.ended_unknown, short_count(row.ended_unknown)), 13);
    cell(seen(row.tainted, short_count(row.tainted)), 9);
  }
  std::string out = c.style.bold(blocked) + cells.substr(blocked.size()) + "\n";
  if (c.options.rows.by == FoldBy::kLabel) out += label_lines(c, row);
  if (row.folded != 0 && row.stack == 0) {
    out += under(
        fmt::format("{}  (other stacks, {} of them)", c.style.bold(reason_name(row, c.facts)), row.folded));
  } else {
    out += stack_text(c, row.stack, reason_name(row, c.facts)) + creators.text(row);
    if (row.folded > 0)
      out += under(fmt::format("and {} (without --by: a row for each)", plural(row.folded, "other stack")));
  }
  out += wakers_text(c, row.wakers, row.wakers_other, "woken by");
  if (counted && !wide) out += not_measured(row);
  return out;
}

}  // namespace

std::string blocking_text(const TextContext& c) {
  const std::vector<BlockingRow>& rows = c.rows.blocking;
  const TableTrust trust = table_trust(TableKind::kBlocking, c.facts, c.tables);
  std::string by = by_column(c, RowSort::kInWindow,
                             {RowSort::kBlocked, RowSort::kOldest, RowSort::kCount, RowSort::kTotal,
                              RowSort::kMean, RowSort::kP99, RowSort::kMax});
  if (c.options.rows.by != FoldBy::kNothing)
    by += " · one row per " + (c.options.rows.by == FoldBy::kLabel
                                   ? "label " + printable(c.options.rows.label_key, 64)
                                   : std::string(name_of(c.options.rows.by)));
  std::string out = table_title(c, "BLOCKING HOT SPOTS",
                                by + " · " + of_rows(c, rows.size(), c.rows.blocking_hidden), trust);
  if (c.rows.blocking_cut > 0)
    out +=
        wrapped(fmt::format("  {} not shown {} cut off before its end: it may be what was asked for",
                            plural(c.rows.blocking_cut, "stack"), c.rows.blocking_cut == 1 ? "was" : "were"),
                c.width, 4);
  if (rows.empty())
    return out + (c.rows.blocking_hidden > 0 ? "  no such wait\n" : "  no goroutine waited\n");
  const bool sampled = std::ranges::any_of(rows, [](const BlockingRow& r) { return r.sampled.has_value(); });
  const bool phases = std::ranges::any_of(rows, [](const BlockingRow& r) { return r.begun.has_value(); });
  const BlockingColumns columns{trust.engine != Engine::kSampling, sampled, c.width >= 110, phases};
  out += c.style.dim(columns.header()) + "\n";
  const Creators creators(c);
  const TableTrust calls = table_trust(TableKind::kSyscallSites, c.facts, c.tables);
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i)
    out += blocking_row_text(c, rows[i], rows[i].in_syscall ? calls : trust, columns, creators);
  return out + (phases ? of_phases(c) : "") + legend(c, columns) + labels_not_read(c);
}

}  // namespace gorotrace
