#include "report/stat_rows.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/sort_stably.h"
#include "evidence/trust.h"
#include "report/frames.h"
#include "report/origin_text.h"

namespace gorotrace {
namespace {

class Matcher {
 public:
  Matcher(const StatFacts& facts, const Tables& tables, Symbolizer& symbols, const DumpFilter& filter)
      : facts_(facts), symbols_(symbols), filter_(filter) {
    // Which reasons a part of one means, the target's Go version says. A part that it has not chooses
    // nothing.
    (void)filter_.find_reasons(facts.wait_reasons, facts.target.go_version);
    if (filter.created_by.empty()) return;
    for (const CreationRow& row : tables.creation) {
      if (!created_by(row)) continue;
      started_.insert(started_with(row));
      sites_.emplace(row.gopc, row.startpc);
    }
  }
  [[nodiscard]] bool matches(const BlockingRow& row) const {
    if (!filter_.states.empty() &&
        std::ranges::find(filter_.states, row.in_syscall ? GStatus::kSyscall : GStatus::kWaiting) ==
            filter_.states.end())
      return false;
    if (!filter_.reasons.empty() &&
        std::ranges::find(filter_.reasons, reason_name(row, facts_)) == filter_.reasons.end())
      return false;
    const std::vector<Frame>& frames = symbols_.stack(row.stack);
    const bool begins_elsewhere = cut_with_site(row);
    const auto named = [&](const Frame& f) { return contains_any(f.function, filter_.functions); };
    if (!filter_.functions.empty() && std::ranges::none_of(frames, named) &&
        !(begins_elsewhere && named(symbols_.frames(row.startpc, PcKind::kExact).back())))
      return false;
    if (filter_.created_by.empty()) return true;
    return begins_elsewhere ? sites_.contains({row.gopc, row.startpc})
                            : started_.contains(start_function(frames));
  }
  // Whether frames that were not recorded may be what is asked for.
  [[nodiscard]] bool may_match(const BlockingRow& row) const {
    return symbols_.truncated(row.stack) &&
           (!filter_.functions.empty() || (!filter_.created_by.empty() && row.startpc == 0));
  }
  // A site has neither a reason nor a state: those conditions choose waits alone.
  [[nodiscard]] bool matches(const CreationRow& row) const {
    if (!filter_.functions.empty() && !contains_any(started_with(row), filter_.functions)) return false;
    return filter_.created_by.empty() || created_by(row);
  }

 private:
  [[nodiscard]] bool cut_with_site(const BlockingRow& row) const {
    return row.startpc != 0 && symbols_.truncated(row.stack);
  }
  [[nodiscard]] std::string started_with(const CreationRow& row) const {
    return symbols_.frames(row.startpc, PcKind::kExact).back().function;
  }
  [[nodiscard]] bool created_by(const CreationRow& row) const {
    if (is_main_goroutine(symbols_.frames(row.startpc, PcKind::kExact).back())) return false;
    const auto named = [&](const Frame& f) { return contains_any(f.function, filter_.created_by); };
    if (std::ranges::any_of(symbols_.frames(row.gopc, PcKind::kReturnAddress), named)) return true;
    // What the library made for whoever is asked for counts, too.
    return std::ranges::any_of(row.origins, [&](const CreationRow::Origin& origin) {
      return std::ranges::any_of(way_from_user_code(chain_of(origin, symbols_)), named);
    });
  }

  const StatFacts& facts_;
  Symbolizer& symbols_;
  DumpFilter filter_;
  std::set<std::string> started_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> sites_;  // gopc, startpc
};

void add_wakers(BlockingRow& to, const BlockingRow& from) {
  to.wakers_other += from.wakers_other;
  for (const WakerRow& waker : from.wakers) {
    const auto same = std::ranges::find_if(
        to.wakers, [&](const WakerRow& w) { return w.kind == waker.kind && w.stack == waker.stack; });
    if (same == to.wakers.end()) {
      to.wakers.push_back(waker);
    } else {
      same->count += waker.count;
    }
  }
  std::ranges::sort(to.wakers, {}, [](const WakerRow& w) { return std::tuple(~w.count, w.kind, w.stack); });
  for (; to.wakers.size() > Model::kTopWakers; to.wakers.pop_back())
    to.wakers_other += to.wakers.back().count;
}

std::uint64_t sum_of_errors(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(std::llround(std::hypot(static_cast<double>(a), static_cast<double>(b))));
}

// One that no phase saw adds nothing that is known of.
void add_count(std::optional<EstimatedCount>& to, const std::optional<EstimatedCount>& from) {
  if (!from) return;
  if (!to) {
    to = from;
    return;
  }
  to->count += from->count;
  to->error =
      to->error && from->error ? std::optional(sum_of_errors(*to->error, *from->error)) : std::nullopt;
}

// `from` was waited in less: `to` keeps its stack.
void add_row(BlockingRow& to, const BlockingRow& from) {
  to.folded += from.folded + 1;
  to.waits.merge(from.waits);
  to.long_waits.merge(from.long_waits);
  to.ended_unknown += from.ended_unknown;
  to.tainted += from.tainted;
  to.in_window_ns += from.in_window_ns;
  to.blocked_now += from.blocked_now;
  if (from.oldest_ns && (!to.oldest_ns || *from.oldest_ns > *to.oldest_ns)) {
    to.oldest_ns = from.oldest_ns;
    to.oldest_is_lower_bound = from.oldest_is_lower_bound;
  }
  if (from.sampled) {
    SampledTime sum = to.sampled.value_or(SampledTime{});
    sum.ns += from.sampled->ns;
    sum.proven_ns += from.sampled->proven_ns;
    sum.error_ns = sum_of_errors(sum.error_ns, from.sampled->error_ns);
    to.sampled = sum;
  }
  add_count(to.begun, from.begun);
  add_wakers(to, from);
  if (std::pair(to.gopc, to.startpc) != std::pair(from.gopc, from.startpc)) to.gopc = to.startpc = 0;
}

// What rows have in common that become one. A stack without a frame of the program, or that is not known, is
// like no other: of it nothing says that the cause is one.
using Key = std::tuple<bool, bool, std::uint8_t, std::uint64_t, std::string>;
Key key_of(const BlockingRow& row, Symbolizer& symbols, FoldBy by) {
  std::string common;
  const std::vector<Frame>& frames = symbols.stack(row.stack);
  if (by == FoldBy::kUserFrame) {
    for (const Frame& f : frames) {
      if (classify(f.function) == FrameClass::kUser) common += f.function + "\n" + location(f) + "\n";
    }
  } else if (by == FoldBy::kCreation) {
    common = start_function(frames);
  } else if (by == FoldBy::kLabel) {
    common = std::to_string(row.label);
  }
  const bool alone = common.empty() && by != FoldBy::kReason;
  return {row.system, row.in_syscall, row.reason, alone ? row.stack : 0, std::move(common)};
}

void fold(std::vector<BlockingRow>& rows, Symbolizer& symbols, FoldBy by) {
  if (by == FoldBy::kNothing) return;
  std::map<Key, std::size_t> seen;
  std::vector<BlockingRow> out;
  for (const BlockingRow& row : rows) {  // most waited in first
    const auto [at, fresh] = seen.try_emplace(key_of(row, symbols, by), out.size());
    if (fresh) {
      out.push_back(row);
    } else {
      add_row(out[at->second], row);
    }
  }
  rows = std::move(out);
}

// nullopt: the table does not have the column.
using BlockingFigure = std::function<std::uint64_t(const BlockingRow&)>;
BlockingFigure blocking_figure(RowSort sort) {
  const auto longest = [](const BlockingRow& r) { return std::max(r.waits.max(), r.long_waits.max()); };
  switch (sort) {
    case RowSort::kInWindow:
      return [](const BlockingRow& r) { return r.in_window_ns; };
    case RowSort::kBlocked:
      return [](const BlockingRow& r) { return r.blocked_now; };
    case RowSort::kOldest:
      return [](const BlockingRow& r) { return r.oldest_ns.value_or(0); };
    case RowSort::kCount:
      return [](const BlockingRow& r) { return waits_of(r).value_or(0); };
    case RowSort::kTotal:
      return [](const BlockingRow& r) { return r.waits.total(); };
    case RowSort::kMean:
      return [](const BlockingRow& r) { return mean_wait_ns(r).value_or(0); };
    case RowSort::kP99:
      return [](const BlockingRow& r) { return r.waits.quantile(0.99).value_or(0); };
    case RowSort::kMax:
      return longest;
    default:
      return nullptr;
  }
}

using CreationFigure = std::function<std::uint64_t(const CreationRow*)>;
CreationFigure creation_figure(RowSort sort) {
  switch (sort) {
    case RowSort::kOldest:
      return [](const CreationRow* r) { return r->oldest_ns.value_or(0); };
    case RowSort::kLive:
      return [](const CreationRow* r) { return r->live; };
    case RowSort::kCreated:
      return [](const CreationRow* r) { return r->created; };
    case RowSort::kExited:
      return [](const CreationRow* r) { return r->exited; };
    default:
      return nullptr;
  }
}

}  // namespace

std::function<bool(const BlockingRow&)> wait_filter(const StatFacts& facts, const Tables& tables,
                                                    Symbolizer& symbols, const DumpFilter& filter) {
  return [matcher = Matcher(facts, tables, symbols, filter)](const BlockingRow& row) {
    return matcher.matches(row);
  };
}

StatRows stat_rows(const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                   const RowOptions& options) {
  StatRows out;
  const Matcher matcher(facts, tables, symbols, options.filter);
  for (const BlockingRow* row : blocking_rows(tables, options.filter.system)) {
    if (matcher.matches(*row)) {
      out.blocking.push_back(*row);
    } else {
      ++out.blocking_hidden;
      if (matcher.may_match(*row)) ++out.blocking_cut;
    }
  }
  for (const CreationRow* row : creation_rows(tables, options.filter.system)) {
    if (matcher.matches(*row)) {
      out.creation.push_back(row);
    } else {
      ++out.creation_hidden;
    }
  }
  fold(out.blocking, symbols, options.by);
  // Behind folding the most waited in are first no more.
  const BlockingFigure of_wait = blocking_figure(
      options.by != FoldBy::kNothing && !blocking_figure(options.sort) ? RowSort::kInWindow : options.sort);
  if (of_wait) sort_stably(out.blocking, std::ranges::greater{}, of_wait);
  if (const CreationFigure of_site = creation_figure(options.sort))
    sort_stably(out.creation, std::ranges::greater{}, of_site);
  return out;
}

}  // namespace gorotrace
