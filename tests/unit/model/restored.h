// Whether what a restored model says is what the whole's answers differ by: model/open_state.h tells where it
// need not be.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <vector>

#include "model/delta.h"

namespace gorotrace {

inline void expect_same_waits(const Histogram& difference, const Histogram& restored) {
  EXPECT_EQ(restored.count(), difference.count());
  EXPECT_EQ(restored.total(), difference.total());
  // The longest: known there to its bucket.
  EXPECT_LE(restored.max(), difference.max());
  EXPECT_LE(difference.max() - restored.max(), difference.max() / 16 + 1);
  for (int i = 0; i <= 20; ++i) {
    const std::uint64_t a = difference.quantile(i / 20.0).value_or(0),
                        b = restored.quantile(i / 20.0).value_or(0);
    EXPECT_LE(a > b ? a - b : b - a, std::max(a, b) / 16 + 1) << i;
  }
}

inline std::uint64_t all_of(const std::vector<WakerRow>& wakers, std::uint64_t other) {
  return std::accumulate(wakers.begin(), wakers.end(), other,
                         [](std::uint64_t n, const WakerRow& w) { return n + w.count; });
}

inline auto by_kind_and_stack(const std::vector<WakerRow>& wakers) {
  std::map<std::pair<WakerKind, std::uint64_t>, std::uint64_t> out;
  for (const WakerRow& w : wakers) out[{w.kind, w.stack}] += w.count;
  return out;
}

inline auto key_of(const BlockingRow& r) {
  return std::tuple(r.stack, r.reason, r.in_syscall, r.system, r.label, r.folded > 0);
}
inline auto key_of(const CreationRow& r) {
  return std::tuple(r.gopc, r.startpc);
}
inline auto key_of(const ObjectRow& r) {
  return std::tuple(r.kind, r.address);
}
inline bool tells(const BlockingRow& r) {
  return r.waits.count() + r.ended_unknown + r.tainted + r.in_window_ns + r.blocked_now > 0;
}
inline bool tells(const CreationRow& r) {
  return r.live + r.created + r.exited > 0;
}
inline bool tells(const ObjectRow& r) {
  return r.blocked_now + r.waits + r.selects + r.in_window_ns + r.sends + r.receives + r.closes +
             r.would_block + r.acquires + r.releases >
         0;
}
template <typename Row>
auto by_key(const std::vector<Row>& rows) {
  std::map<decltype(key_of(rows.front())), Row> out;
  for (const Row& row : rows) {
    if (!tells(row)) continue;
    EXPECT_TRUE(out.emplace(key_of(row), row).second) << "two rows of one key";
  }
  return out;
}

// By go statements and stacks: created and live.
using Ways = std::map<std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>>,
                      std::pair<std::uint64_t, std::uint64_t>>;
inline Ways ways_of(const CreationRow& row, bool* twice) {
  Ways out;
  for (const CreationRow::Origin& origin : row.origins) {
    Ways::key_type way;
    for (const CreationLink& link : origin.links) way.emplace_back(link.stack, link.gopc, link.startpc);
    auto [place, fresh] = out.try_emplace(std::move(way));
    *twice = *twice || !fresh;
    place->second.first += origin.created;
    place->second.second += origin.live;
  }
  return out;
}

class RestoredIsTheDifference {
 public:
  // The whole's answers at the checkpoint and at a later moment, and the restored one's then.
  RestoredIsTheDifference(const Tables& before, const Tables& now, const Tables& restored)
      : before_(before), now_(now), delta_(delta(before, now)), restored_(restored) {
    sums();
    pauses();
    blocking();
    creation();
    objects();
  }

 private:
  void sums() {
    const Tables &d = delta_, &r = restored_;
    EXPECT_EQ(r.at_ns, d.at_ns);
    EXPECT_EQ(r.state_ns, d.state_ns);
    EXPECT_EQ(r.live_integral_ns, d.live_integral_ns);
    EXPECT_EQ(r.in_state, d.in_state);
    EXPECT_EQ(r.live, d.live);
    EXPECT_EQ(r.system, d.system);
    EXPECT_EQ(r.created, d.created);
    EXPECT_EQ(r.exited, d.exited);
    EXPECT_EQ(r.created_system, d.created_system);
    EXPECT_EQ(r.exited_system, d.exited_system);
    EXPECT_EQ(r.of_c_threads, d.of_c_threads);
    EXPECT_EQ(r.parks, d.parks);
    EXPECT_EQ(r.unparks, d.unparks);
    EXPECT_EQ(r.syscalls, d.syscalls);
    EXPECT_EQ(r.looked, d.looked);
    EXPECT_EQ(r.late, d.late);
    EXPECT_EQ(r.illegal, d.illegal);
    EXPECT_EQ(r.gaps, d.gaps);
    EXPECT_EQ(r.table_overflow, d.table_overflow);
    EXPECT_EQ(r.rows_folded, d.rows_folded);
    EXPECT_EQ(r.events_without_stack, d.events_without_stack);
    EXPECT_EQ(r.covered, d.covered);
    EXPECT_EQ(r.label_values, d.label_values);
    EXPECT_EQ(r.latency.inferred, d.latency.inferred);
    expect_same_waits(d.latency.histogram, r.latency.histogram);
    EXPECT_EQ(r.latency.stopped_ns, d.latency.stopped_ns);
    EXPECT_EQ(r.latency.held_up, d.latency.held_up);
  }

  void pauses() {
    const PauseTables &d = delta_.pauses, &r = restored_.pauses;
    ASSERT_EQ(r.rows.size(), d.rows.size());
    for (std::size_t i = 0; i < d.rows.size(); ++i) {
      EXPECT_EQ(r.rows[i].reason, d.rows[i].reason);
      EXPECT_EQ(r.rows[i].in_window_ns, d.rows[i].in_window_ns);
      expect_same_waits(d.rows[i].times, r.rows[i].times);
    }
    expect_same_waits(d.collections, r.collections);
    EXPECT_EQ(r.marking_ns, d.marking_ns);
    EXPECT_EQ(std::tuple(r.tainted, r.collections_tainted), std::tuple(d.tainted, d.collections_tainted));
    EXPECT_EQ(r.stopped_since_ns, d.stopped_since_ns);
    EXPECT_EQ(r.marking_since_ns, d.marking_since_ns);
    EXPECT_EQ(r.spans, d.spans);
    EXPECT_EQ(r.marking, d.marking);
    pauses_compared += r.count();
  }

  void blocking() {
    const auto now = by_key(now_.blocking), d = by_key(delta_.blocking), r = by_key(restored_.blocking);
    EXPECT_EQ(r.size(), d.size());
    for (const auto& [key, want] : d) {
      const auto found = r.find(key);
      ASSERT_NE(found, r.end()) << want.stack;
      const BlockingRow& row = found->second;
      expect_same_waits(want.waits, row.waits);
      EXPECT_EQ(row.ended_unknown, want.ended_unknown);
      EXPECT_EQ(row.tainted, want.tainted);
      EXPECT_EQ(row.in_window_ns, want.in_window_ns);
      EXPECT_EQ(row.blocked_now, want.blocked_now);
      EXPECT_EQ(row.oldest_ns, want.oldest_ns);
      EXPECT_EQ(row.oldest_is_lower_bound, want.oldest_is_lower_bound);
      EXPECT_EQ(all_of(row.wakers, row.wakers_other), all_of(want.wakers, want.wakers_other));
      if (now.at(key).wakers_other == 0) {
        EXPECT_EQ(by_kind_and_stack(row.wakers), by_kind_and_stack(want.wakers));
      }
    }
  }

  void creation() {
    const auto before = by_key(before_.creation), now = by_key(now_.creation), d = by_key(delta_.creation),
               r = by_key(restored_.creation);
    EXPECT_EQ(r.size(), d.size());
    for (const auto& [key, want] : d) {
      const auto found = r.find(key);
      ASSERT_NE(found, r.end()) << want.gopc;
      const CreationRow& row = found->second;
      EXPECT_EQ(row.system, want.system);
      EXPECT_EQ(row.live, want.live);
      EXPECT_EQ(row.created, want.created);
      EXPECT_EQ(row.exited, want.exited);
      EXPECT_EQ(row.oldest_ns, want.oldest_ns);
      EXPECT_EQ(row.oldest_is_lower_bound, want.oldest_is_lower_bound);
      EXPECT_EQ(row.runnable_ns, want.runnable_ns);
      EXPECT_EQ(row.runnable_now, want.runnable_now);
      if (now.at(key).origins.size() >= 250) continue;  // nearly full: some may be in none
      bool twice = false;
      (void)ways_of(now.at(key), &twice);
      if (const auto was = before.find(key); was != before.end()) (void)ways_of(was->second, &twice);
      const Ways ways = ways_of(row, &twice), wanted = ways_of(want, &twice);
      EXPECT_TRUE(twice || ways == wanted);
      std::map<std::uint64_t, std::uint64_t> stacks, wanted_stacks;
      for (const CreationRow::Stack& s : row.stacks) stacks[s.stack] = s.created;
      for (const CreationRow::Stack& s : want.stacks) wanted_stacks[s.stack] = s.created;
      EXPECT_EQ(stacks, wanted_stacks);
      ++ways_compared;
    }
  }

  void objects() {
    const auto before = by_key(before_.objects), now = by_key(now_.objects), d = by_key(delta_.objects),
               r = by_key(restored_.objects);
    for (const auto& [key, want] : d) {
      const auto was = before.find(key);
      if (was != before.end() && now.at(key).in_window_ns < was->second.in_window_ns)
        continue;  // new to delta()
      const auto found = r.find(key);
      ASSERT_NE(found, r.end()) << want.address;
      const ObjectRow& row = found->second;
      EXPECT_EQ(row.waits, want.waits);
      EXPECT_EQ(row.selects, want.selects);
      EXPECT_EQ(row.in_window_ns, want.in_window_ns);
      EXPECT_EQ(row.blocked_now, want.blocked_now);
      EXPECT_EQ(
          std::tuple(row.sends, row.receives, row.closes, row.would_block, row.acquires, row.releases),
          std::tuple(want.sends, want.receives, want.closes, want.would_block, want.acquires, want.releases));
      if (row.waiter_stack != 0) {
        EXPECT_EQ(row.waiter_stack, want.waiter_stack);
        EXPECT_EQ(row.waiter_reason, want.waiter_reason);
      }
      if (now.at(key).releasers.size() < Model::kTopWakers) {
        EXPECT_EQ(by_kind_and_stack(row.releasers), by_kind_and_stack(want.releasers));
      }
      ++objects_compared;
    }
    for (const auto& [key, row] : r) EXPECT_TRUE(d.contains(key)) << row.address;
  }

  const Tables &before_, &now_;
  const Tables delta_;
  const Tables& restored_;

 public:
  std::size_t ways_compared = 0, objects_compared = 0, pauses_compared = 0;
};

}  // namespace gorotrace
