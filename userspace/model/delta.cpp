#include "model/delta.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "base/seeded_hash.h"

namespace gorotrace {
namespace {

std::uint64_t less(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

template <typename Row>
void subtract(Row& row, const Row& before, std::initializer_list<std::uint64_t Row::*> members) {
  for (const auto member : members) row.*member = less(row.*member, before.*member);
}

SampledTime less(const SampledTime& now, const SampledTime& before) {
  const auto square = [](std::uint64_t ns) { return std::pow(static_cast<double>(ns), 2); };
  const double variance = std::max(0.0, square(now.error_ns) - square(before.error_ns));
  return {less(now.ns, before.ns), static_cast<std::uint64_t>(std::sqrt(variance)),
          less(now.proven_ns, before.proven_ns)};
}

void subtract(std::optional<SampledTime>& row, const std::optional<SampledTime>& before) {
  if (row && before) row = less(*row, *before);
}

std::uint64_t sum(const std::vector<WakerRow>& wakers, std::uint64_t other) {
  for (const WakerRow& w : wakers) other += w.count;
  return other;
}

// Of equal counts in an order of their own, so that the same rows give the same table.
void most_first(std::vector<WakerRow>& wakers) {
  std::ranges::sort(wakers, [](const WakerRow& a, const WakerRow& b) {
    return std::tie(b.count, a.kind, a.stack) < std::tie(a.count, b.kind, b.stack);
  });
}

// `other` of each: those that are not named.
void subtract(std::vector<WakerRow>& wakers, std::uint64_t* other, const std::vector<WakerRow>& before,
              std::uint64_t other_before) {
  const std::uint64_t all = less(sum(wakers, *other), sum(before, other_before));
  std::uint64_t named = 0;
  for (WakerRow& w : wakers) {
    const auto was = std::ranges::find_if(
        before, [&](const WakerRow& b) { return b.kind == w.kind && b.stack == w.stack; });
    // One that was not named then had no more than the last that was, and no more than all others together.
    const std::uint64_t unnamed = before.empty() ? other_before : std::min(other_before, before.back().count);
    w.count = less(w.count, was != before.end() ? was->count : unnamed);
    w.count = std::min(w.count, all - named);
    named += w.count;
  }
  *other = all - named;
  std::erase_if(wakers, [](const WakerRow& w) { return w.count == 0; });
  most_first(wakers);
}

void subtract(BlockingRow& row, const BlockingRow& before) {
  row.waits.subtract(before.waits);
  row.long_waits.subtract(before.long_waits);
  subtract(row, before, {&BlockingRow::ended_unknown, &BlockingRow::tainted, &BlockingRow::in_window_ns});
  subtract(row.sampled, before.sampled);
  row.begun.reset();  // of the whole: its part cannot be told by two of them
  subtract(row.wakers, &row.wakers_other, before.wakers, before.wakers_other);
}

bool says_something(const BlockingRow& row) {
  return row.waits.count() > 0 || row.ended_unknown > 0 || row.tainted > 0 || row.in_window_ns > 0 ||
         row.blocked_now > 0;
}

// By go statements and stacks, whoever ran them.
using WayHere = std::vector<std::array<std::uint64_t, 3>>;
WayHere way_here(const CreationRow::Origin& origin) {
  WayHere out;
  for (const CreationLink& link : origin.links) out.push_back({link.stack, link.gopc, link.startpc});
  return out;
}

void subtract(std::vector<CreationRow::Origin>& origins, const std::vector<CreationRow::Origin>& before) {
  std::map<WayHere, std::uint64_t> created;
  for (const CreationRow::Origin& o : before) created[way_here(o)] = o.created;
  for (CreationRow::Origin& o : origins) {
    if (const auto was = created.find(way_here(o)); was != created.end())
      o.created = less(o.created, was->second);
  }
  std::erase_if(origins, [](const CreationRow::Origin& o) { return o.created + o.live == 0; });
}

void subtract(CreationRow& row, const CreationRow& before) {
  subtract(row, before, {&CreationRow::created, &CreationRow::exited, &CreationRow::runnable_ns});
  subtract(row.sampled, before.sampled);
  std::map<std::uint64_t, std::uint64_t> created;  // by stack
  for (const CreationRow::Stack& s : before.stacks) created[s.stack] = s.created;
  for (CreationRow::Stack& s : row.stacks) {
    if (const auto was = created.find(s.stack); was != created.end())
      s.created = less(s.created, was->second);
  }
  std::erase_if(row.stacks, [](const CreationRow::Stack& s) { return s.created == 0; });
  std::ranges::sort(row.stacks, [](const CreationRow::Stack& a, const CreationRow::Stack& b) {
    return std::tie(b.created, a.stack) < std::tie(a.created, b.stack);
  });
  subtract(row.origins, before.origins);
}

bool says_something(const CreationRow& row) {
  return row.live > 0 || row.created > 0 || row.exited > 0;
}

constexpr std::initializer_list<std::uint64_t ObjectRow::*> kCountedOfObject = {
    &ObjectRow::waits,       &ObjectRow::selects,  &ObjectRow::in_window_ns,
    &ObjectRow::sends,       &ObjectRow::receives, &ObjectRow::closes,
    &ObjectRow::would_block, &ObjectRow::acquires, &ObjectRow::releases};

void subtract(ObjectRow& row, const ObjectRow& before) {
  // It was dropped and came again: all of it is new.
  for (const auto member : kCountedOfObject) {
    if (row.*member < before.*member) return;
  }
  subtract(row, before, kCountedOfObject);
  std::uint64_t unnamed = 0;
  subtract(row.releasers, &unnamed, before.releasers, 0);
}

bool says_something(const ObjectRow& row) {
  return row.blocked_now > 0 || std::ranges::any_of(kCountedOfObject, [&](auto m) { return row.*m > 0; });
}

std::uint64_t key_hash(const SeededHash& hash, const BlockingRow& r) {
  return hash(r.stack ^ r.label, static_cast<std::uint64_t>(r.reason) | (r.in_syscall ? 0x100u : 0u) |
                                     (r.system ? 0x200u : 0u) | (r.folded > 0 ? 0x400u : 0u));
}
bool same_key(const BlockingRow& a, const BlockingRow& b) {
  return std::tie(a.stack, a.reason, a.in_syscall, a.system, a.label) ==
             std::tie(b.stack, b.reason, b.in_syscall, b.system, b.label) &&
         (a.folded > 0) == (b.folded > 0);
}
std::uint64_t key_hash(const SeededHash& hash, const CreationRow& r) {
  return hash(r.gopc, r.startpc);
}
bool same_key(const CreationRow& a, const CreationRow& b) {
  return std::tie(a.gopc, a.startpc) == std::tie(b.gopc, b.startpc);
}
std::uint64_t key_hash(const SeededHash& hash, const ObjectRow& r) {
  return hash(r.address, static_cast<std::uint64_t>(r.kind));
}
bool same_key(const ObjectRow& a, const ObjectRow& b) {
  return std::tie(a.address, a.kind) == std::tie(b.address, b.kind);
}

std::uint64_t key_hash(const SeededHash& hash, const PanicRow& r) {
  return hash(r.stack, r.place);
}
bool same_key(const PanicRow& a, const PanicRow& b) {
  return std::tie(a.stack, a.type, a.place) == std::tie(b.stack, b.type, b.place);
}
void subtract(PanicRow& row, const PanicRow& before) {
  subtract(row, before, {&PanicRow::count});
}
bool says_something(const PanicRow& row) {
  return row.count > 0;
}

// The rows of a table by their keys; they outlive it.
template <typename Row>
class ByKey {
 public:
  explicit ByKey(const std::vector<Row>& rows) {
    known_.reserve(rows.size());
    for (const Row& row : rows) known_.insert(&row);
  }
  [[nodiscard]] const Row* find(const Row& row) const {
    const auto found = known_.find(&row);
    return found != known_.end() ? *found : nullptr;
  }

 private:
  struct Hash {
    SeededHash hash;
    std::size_t operator()(const Row* row) const { return key_hash(hash, *row); }
  };
  struct Same {
    bool operator()(const Row* a, const Row* b) const { return same_key(*a, *b); }
  };
  std::unordered_set<const Row*, Hash, Same> known_;
};

template <typename Row>
std::vector<Row> rows_between(const std::vector<Row>& before, std::vector<Row> rows) {
  const ByKey<Row> known(before);
  for (Row& row : rows) {
    if (const Row* was = known.find(row)) subtract(row, *was);
  }
  std::erase_if(rows, [](const Row& row) { return !says_something(row); });
  return rows;
}

bool shrank(const BlockingRow& now, const BlockingRow& before) {
  return now.waits.count() < before.waits.count() || now.in_window_ns < before.in_window_ns ||
         now.ended_unknown < before.ended_unknown || now.tainted < before.tainted;
}

void add_wakers(BlockingRow& into, const BlockingRow& row) {
  for (const WakerRow& w : row.wakers) {
    const auto same = std::ranges::find_if(
        into.wakers, [&](const WakerRow& i) { return i.kind == w.kind && i.stack == w.stack; });
    if (same != into.wakers.end()) {
      same->count += w.count;
    } else {
      into.wakers.push_back(w);
    }
  }
  into.wakers_other += row.wakers_other;
  most_first(into.wakers);
}

// `before` as it would be had the rows that were folded since (model/blocking_rows.h) been folded then.
std::vector<BlockingRow> folded_as(const Tables& now, const Tables& before) {
  if (now.rows_folded == before.rows_folded) return before.blocking;
  const ByKey<BlockingRow> kept(now.blocking);
  std::vector<BlockingRow> out, gone;
  for (const BlockingRow& row : before.blocking) {
    const BlockingRow* same = kept.find(row);
    const bool stays = row.folded > 0 || (same != nullptr && !shrank(*same, row));
    (stays ? out : gone).push_back(row);
  }
  // In out: at most one for each reason and label.
  std::map<std::tuple<std::uint8_t, bool, bool, LabelId>, std::size_t> others;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].folded > 0) others[{out[i].reason, out[i].in_syscall, out[i].system, out[i].label}] = i;
  }
  for (BlockingRow& row : gone) {
    const auto [place, fresh] =
        others.try_emplace({row.reason, row.in_syscall, row.system, row.label}, out.size());
    if (fresh) {
      BlockingRow& into = out.emplace_back();
      into.reason = row.reason;
      into.in_syscall = row.in_syscall;
      into.system = row.system;
      into.label = row.label;
    }
    BlockingRow& into = out[place->second];
    into.folded += 1;
    into.waits.merge(row.waits);
    into.in_window_ns += row.in_window_ns;
    into.ended_unknown += row.ended_unknown;
    into.tainted += row.tainted;
    add_wakers(into, row);
  }
  return out;
}

std::vector<Interval> clipped(const std::vector<Interval>& intervals, std::uint64_t from, std::uint64_t to) {
  std::vector<Interval> out;
  for (const Interval& i : intervals) {
    const Interval part{std::max(i.from_ns, from), std::min(i.to_ns, to)};
    if (part.from_ns < part.to_ns) out.push_back(part);
  }
  return out;
}

}  // namespace

Tables delta(const Tables& before, const Tables& now) {
  Tables out = now;
  for (std::size_t s = 0; s < kGStates; ++s) {
    out.state_ns[s] = less(now.state_ns[s], before.state_ns[s]);
    out.sampled_state[s] = less(now.sampled_state[s], before.sampled_state[s]);
  }
  subtract(out, before,
           {&Tables::live_integral_ns, &Tables::created, &Tables::exited, &Tables::created_system,
            &Tables::exited_system, &Tables::parks, &Tables::unparks, &Tables::syscalls, &Tables::late,
            &Tables::illegal, &Tables::gaps, &Tables::table_overflow, &Tables::rows_folded,
            &Tables::events_without_stack, &Tables::stacks_undefined});
  out.blocking = rows_between(folded_as(now, before), std::move(out.blocking));
  out.creation = rows_between(before.creation, std::move(out.creation));
  out.objects = rows_between(before.objects, std::move(out.objects));
  subtract(out.panics, before.panics, {&Panics::thrown, &Panics::recovered});
  out.panics.rows = rows_between(before.panics.rows, std::move(out.panics.rows));
  if (before.panics.end) out.panics.end.reset();
  out.latency.histogram.subtract(before.latency.histogram);
  subtract(out.latency, before.latency, {&Latency::inferred, &Latency::stopped_ns, &Latency::held_up});
  out.pauses = between(before.pauses, std::move(out.pauses), before.at_ns);
  for (std::vector<Interval>& covered : out.covered) covered = clipped(covered, before.at_ns, now.at_ns);
  if (out.runs) {
    if (before.runs) {
      out.runs->running = less(now.runs->running, before.runs->running);
      out.runs->runnable = less(now.runs->runnable, before.runs->runnable);
    }
    out.runs->covered = clipped(now.runs->covered, before.at_ns, now.at_ns);
  }
  out.phases.reset();
  out.covered_by_sampling = clipped(now.covered_by_sampling, before.at_ns, now.at_ns);
  return out;
}

}  // namespace gorotrace
