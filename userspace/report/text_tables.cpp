#include "report/text_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

constexpr std::size_t kIndent = 8;      // of what stands under a row
constexpr std::size_t kUserFrames = 3;  // without --stacks
constexpr std::size_t kShownWakers = 3;

std::uint64_t since(std::uint64_t at, std::uint64_t begin) {
  return at > begin ? at - begin : 0;
}

std::string age(const std::optional<std::uint64_t>& ns, bool lower_bound) {
  if (!ns) return "-";
  return (lower_bound ? "≥" : "") + format_duration(*ns);
}

std::string duration(const std::optional<std::uint64_t>& ns) {
  return ns ? format_duration(*ns) : "-";
}

std::string under(const std::string& text) {
  return std::string(kIndent, ' ') + text + "\n";
}

std::size_t shown(std::size_t rows, std::size_t limit) {
  return limit == 0 ? rows : std::min(rows, limit);
}

std::string of_rows(const TextContext& c, std::size_t rows) {
  const std::size_t n = shown(rows, c.options.limit);
  return n < rows ? fmt::format("{} of {} rows (--limit)", n, rows)
                  : fmt::format("{} row{}", rows, rows == 1 ? "" : "s");
}

// The stack's lines; `label` (the wait reason) stands before the first of them.
std::string stack_text(const TextContext& c, std::uint64_t id, const std::string& label) {
  const std::vector<Frame>& frames = c.symbols.stack(id);
  const std::size_t room = c.width - kIndent;
  if (frames.empty())
    return under(c.style.bold(label) + (label.empty() ? "" : "  ") + "(stack not recorded)");
  std::vector<std::size_t> picked;
  if (c.options.stacks) {
    for (std::size_t i = 0; i < frames.size(); ++i) picked.push_back(i);
  } else {
    picked = telling_frames(frames, kUserFrames);
  }
  std::string out;
  std::size_t taken = label.empty() ? 0 : display_width(label) + 2;
  for (const std::size_t i : picked) {
    const std::string head = taken > 0 ? c.style.bold(label) + "  " : out.empty() ? "" : "  ";
    if (taken == 0 && !out.empty()) taken = 2;
    out += under(head + frame_text(frames[i], room - taken, c.style));
    taken = 0;
  }
  if (c.options.stacks && c.symbols.truncated(id)) out += under("  (deeper frames not recorded)");
  return out;
}

std::string waker_name(const TextContext& c, const WakerRow& waker) {
  switch (waker.kind) {
    case WakerKind::kTimer:
      return "a timer";
    case WakerKind::kNetpoll:
      return "the network poller";
    case WakerKind::kGc:
      return "the garbage collector";
    case WakerKind::kRuntime:
      return "the runtime";
    case WakerKind::kGoroutine:
      break;
  }
  const Frame* frame = naming_frame(c.symbols.stack(waker.stack));
  if (frame == nullptr) return "a goroutine (stack not recorded)";
  return frame_text(*frame, c.width - kIndent - 14, Style{});
}

// Wakers that read alike (one call site below different callers) are one line.
std::string wakers_text(const TextContext& c, const std::vector<WakerRow>& wakers, std::uint64_t other,
                        std::string_view verb) {
  std::uint64_t all = other;
  std::vector<std::pair<std::string, std::uint64_t>> merged;
  for (const WakerRow& w : wakers) {
    all += w.count;
    const std::string name = waker_name(c, w);
    const auto it = std::ranges::find(merged, name, &std::pair<std::string, std::uint64_t>::first);
    if (it != merged.end()) {
      it->second += w.count;
    } else {
      merged.emplace_back(name, w.count);
    }
  }
  std::ranges::sort(merged, {}, [](const auto& m) { return std::pair(~m.second, m.first); });
  std::string out;
  for (std::size_t i = 0; i < std::min(merged.size(), kShownWakers) && all > 0; ++i) {
    const double share = 100 * static_cast<double>(merged[i].second) / static_cast<double>(all);
    out += under(fmt::format("{} {:>3}% {}", verb, short_percent(share), merged[i].first));
  }
  return out;
}

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
    const std::vector<Frame> site = c_.symbols.frames(it->second.front()->gopc, PcKind::kReturnAddress);
    return under("created by " + frame_text(site.front(), c_.width - kIndent - 11 - sites.size(), Style{}) +
                 sites);
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

std::string error_text(const std::optional<SampledTime>& t) {
  if (!t) return "-";
  return t->error_ns == 0 ? "0" : format_duration(t->error_ns);
}

std::string blocking_row_text(const TextContext& c, const BlockingRow& row, const BlockingColumns& columns,
                              const Creators& creators) {
  const TableTrust trust =
      table_trust(row.in_syscall ? TableKind::kSyscallSites : TableKind::kBlocking, c.facts, c.tables);
  const TableTrust own = row_trust(row, trust);
  const bool wide = columns.wide;
  const Histogram& h = row.waits;
  const bool any = h.count() > 0;
  const bool counted = own.engine != Engine::kCensus;
  const auto seen = [&](std::uint64_t n, std::string text) {
    return counted && (trust.probed() || n > 0) ? text : std::string("-");
  };
  std::string out = c.style.bold(pad_left(short_count(row.blocked_now), 7));
  out += pad_left(age(row.oldest_ns, row.oldest_is_lower_bound), 9);
  const auto time = [&](std::string text) { return row.sampled ? text : seen(row.in_window_ns, text); };
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
    if (columns.p50()) out += pad_left(duration(h.quantile(0.5)), 9);
    out += pad_left(duration(h.quantile(0.99)), 9);
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
  out += "\n" + stack_text(c, row.stack, reason_name(row, c.facts)) + creators.text(row.stack);
  out += wakers_text(c, row.wakers, row.wakers_other, "woken by");
  if (counted && !wide && (row.ended_unknown > 0 || row.tainted > 0)) {
    out += under(
        fmt::format("{} ended_unknown, {} tainted (in no mean or quantile)", row.ended_unknown, row.tainted));
  }
  return out;
}

std::string intervals_text(const TextContext& c, const std::vector<Interval>& intervals) {
  std::string out;
  constexpr std::size_t kShownParts = 4;
  for (std::size_t i = 0; i < std::min(kShownParts, intervals.size()); ++i) {
    const Interval& part = intervals[i];
    out += fmt::format("{}{}-{}", i == 0 ? "" : ", ", format_duration(since(part.from_ns, c.facts.begin_ns)),
                       format_duration(since(part.to_ns, c.facts.begin_ns)));
  }
  if (intervals.size() > kShownParts) out += fmt::format(" and {} more", intervals.size() - kShownParts);
  return out;
}

std::string untied(std::string word) {
  for (std::size_t at; (at = word.find(kTie)) != std::string::npos;) word.replace(at, kTie.size(), " ");
  return word;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out, line;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string word = untied(cut_middle(text.substr(0, space), width - indent));
    text.remove_prefix(std::min(space + 1, text.size()));
    const bool first = line.find_first_not_of(' ') == std::string::npos;
    if (!first && display_width(line) + 1 + display_width(word) > width) {
      out += line + "\n";
      line = std::string(indent, ' ');
    } else if (!first) {
      line += ' ';
    }
    line += word;
  }
  return out + line + "\n";
}

std::string table_title(const TextContext& c, std::string_view title, std::string_view note,
                        const TableTrust& trust) {
  const std::string facts = fmt::format("{} · {} · {}", note, engine_name(trust.engine), trust.quality);
  std::string out =
      "\n" + c.style.bold(title) + "  " + cut_middle(facts, c.width - display_width(title) - 2) + "\n";
  const std::uint64_t window = since(c.facts.end_ns, c.facts.begin_ns);
  // The census begins with its first look and ends with its last.
  if (trust.engine == Engine::kCensus && trust.covered_ns >= window - window / 100) return out;
  if (trust.engine == Engine::kSnapshot && !trust.covered_by_census.empty()) return out;
  if (trust.engine == Engine::kSnapshot) {
    return out + c.style.warn("  no probes of this table were on: only what memory shows at the end") + "\n";
  }
  if (trust.covered_ns >= window) return out;
  std::string saw = fmt::format("  saw {} of {}: {}", format_duration(trust.covered_ns),
                                format_duration(window), intervals_text(c, trust.covered));
  if (!trust.covered_by_census.empty())
    saw += fmt::format("; census: {}", intervals_text(c, trust.covered_by_census));
  return out + c.style.warn(wrapped(saw, c.width, 4));
}

std::string blocking_text(const TextContext& c) {
  const auto rows = blocking_rows(c.tables, c.options.system);
  const TableTrust trust = table_trust(TableKind::kBlocking, c.facts, c.tables);
  std::string out = table_title(c, "BLOCKING HOT SPOTS", "by in_window · " + of_rows(c, rows.size()), trust);
  if (rows.empty()) return out + "  no goroutine waited\n";
  const bool sampled = std::ranges::any_of(rows, [](const BlockingRow* r) { return r->sampled.has_value(); });
  const BlockingColumns columns{trust.engine != Engine::kCensus, sampled, c.width >= 110};
  out += c.style.dim(columns.header()) + "\n";
  const Creators creators(c);
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i)
    out += blocking_row_text(c, *rows[i], columns, creators);
  return out;
}

std::string creation_text(const TextContext& c) {
  const auto rows = creation_rows(c.tables, c.options.system);
  const TableTrust trust = table_trust(TableKind::kCreation, c.facts, c.tables);
  std::string out = table_title(c, "CREATION SITES", "by live · " + of_rows(c, rows.size()), trust);
  if (rows.empty()) return out + "  no goroutine was seen\n";
  // Without probes nothing tells the sites' creations and exits, but how long their goroutines lived.
  const bool sampled = !trust.probed() &&
                       std::ranges::any_of(rows, [](const CreationRow* r) { return r->sampled.has_value(); });
  out += c.style.dim(fmt::format("{:>7}{:>9}{:>9}{:>8}{:>9}  {}", "live", sampled ? "lived" : "created",
                                 sampled ? "±" : "exited", sampled ? "" : "per s", "oldest",
                                 "goroutine, go statement")) +
         "\n";
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i) {
    const CreationRow& row = *rows[i];
    const auto seen = [&](std::uint64_t n) {
      return trust.probed() || n > 0 ? short_count(n) : std::string("-");
    };
    const std::vector<Frame> start = c.symbols.frames(row.startpc, PcKind::kExact);
    const std::vector<Frame> site = c.symbols.frames(row.gopc, PcKind::kReturnAddress);
    const double rate =
        trust.probed() ? static_cast<double>(row.created) * 1e9 / static_cast<double>(trust.covered_ns) : 0;
    const std::string history = sampled ? pad_left(row.sampled ? format_duration(row.sampled->ns) : "-", 9) +
                                              pad_left(error_text(row.sampled), 9) + pad_left("", 8)
                                        : pad_left(seen(row.created), 9) + pad_left(seen(row.exited), 9) +
                                              pad_left(trust.probed() ? short_rate(rate) : "-", 8);
    out += c.style.bold(pad_left(short_count(row.live), 7)) + history +
           pad_left(age(row.oldest_ns, row.oldest_is_lower_bound), 9) + "  " +
           frame_text(start.back(), c.width - 44, c.style) + "\n";
    out += under("created by " + frame_text(site.front(), c.width - kIndent - 11, Style{}));
    if (c.options.stacks) {
      for (const CreationRow::Stack& s : row.stacks) {
        out += under(fmt::format("{} created from:", s.created)) + stack_text(c, s.stack, "");
      }
    }
  }
  return out;
}

std::string objects_text(const TextContext& c) {
  const auto rows = object_rows(c.tables);
  if (rows.empty()) return "";
  const TableTrust trust = table_trust(TableKind::kObjects, c.facts, c.tables);
  std::string out = table_title(c, "CONTENDED OBJECTS", "by in_window · " + of_rows(c, rows.size()), trust);
  if ((c.facts.requested & group_bit(GT_GROUP_BLOCK)) != 0)
    out += c.style.dim("  waits: a select at one of its channels, none from before the attach") + "\n";
  out += c.style.dim(
             fmt::format("{:>10}{:>20}{:>8}{:>11}  {}", "object", "address", "waits", "in_window", "use")) +
         "\n";
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i) {
    const ObjectRow& row = *rows[i];
    const bool channel = row.kind == ObjectRow::Kind::kChannel;
    const ObjectFigures figures = object_figures(row, c.facts, c.tables);
    const auto count = [](const std::optional<std::uint64_t>& n) { return n ? short_count(*n) : "-"; };
    const std::string use =
        channel ? fmt::format("{} send, {} recv, {} close", count(figures.sends), count(figures.receives),
                              count(figures.closes))
                : fmt::format("{} acq, {} rel", count(figures.acquires), count(figures.releases));
    out += fmt::format("{:>10}{:>20}{:>8}", channel ? "channel" : "semaphore",
                       fmt::format("{:#x}", row.address), count(figures.waits)) +
           pad_left(duration(figures.in_window_ns), 11) + "  " + cut_middle(use, c.width - 51) + "\n";
    if (channel && row.would_block > 0)
      out +=
          under(fmt::format("{} operation{} would block", row.would_block, row.would_block == 1 ? "" : "s"));
    out += wakers_text(c, row.releasers, 0, "released by");
  }
  return out;
}

std::string latency_text(const TextContext& c) {
  const Histogram& h = c.tables.latency.histogram;
  const TableTrust trust = table_trust(TableKind::kLatency, c.facts, c.tables);
  std::string out = table_title(c, "SCHEDULING LATENCY", "runnable to running", trust);
  if (h.count() == 0) {
    return trust.probed() ? out + fmt::format("  no wake-up was followed to its run; {} inferred\n",
                                              c.tables.latency.inferred)
                          : out;
  }
  out += "  " + fmt::format("count {}  mean {}  p50 {}  p99 {}  max {}  inferred {}\n",
                            short_count(h.count()), format_duration(h.total() / h.count()),
                            duration(h.quantile(0.5)), duration(h.quantile(0.99)), format_duration(h.max()),
                            short_count(c.tables.latency.inferred));
  std::vector<Histogram::Bucket> buckets = h.by_powers_of_two();
  constexpr std::size_t kMostLines = 16;
  while (buckets.size() > kMostLines) {  // each line then stands for two of the finer ones
    std::vector<Histogram::Bucket> coarse;
    for (std::size_t i = 0; i < buckets.size(); i += 2) {
      const bool pair = i + 1 < buckets.size();
      coarse.push_back(
          {buckets[pair ? i + 1 : i].upper_ns, buckets[i].count + (pair ? buckets[i + 1].count : 0)});
    }
    buckets = std::move(coarse);
  }
  std::uint64_t most = 1;
  for (const auto& b : buckets) most = std::max(most, b.count);
  const std::size_t room = std::min<std::size_t>(c.width - 28, 60);
  for (const auto& b : buckets) {
    const std::string drawn = bar(static_cast<double>(b.count) / static_cast<double>(most), room);
    out += pad_left("≤ " + format_duration(b.upper_ns), 12) + " │" + pad_right(drawn, room) + "│" +
           pad_left(short_count(b.count), 8) + "\n";
  }
  return out;
}

}  // namespace gorotrace
