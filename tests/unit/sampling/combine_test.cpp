// Two engines, one table: nothing counted twice, nothing left out.
#include "sampling/combine.h"

#include <gtest/gtest.h>

#include <numeric>

namespace gorotrace {
namespace {

BlockingRow row(std::uint64_t stack, std::uint64_t in_window_ns) {
  BlockingRow r;
  r.reason = 3;
  r.stack = stack;
  r.in_window_ns = in_window_ns;
  return r;
}

Tables tables(std::uint64_t waiting_ns, std::vector<BlockingRow> rows) {
  Tables t;
  t.state_ns[static_cast<std::size_t>(GState::kWaiting)] = waiting_ns;
  t.live_integral_ns = waiting_ns;
  t.blocking = std::move(rows);
  return t;
}

Replaced replaced(const Tables& from, const Tables& to) {
  Replaced out;
  out.add(from, to);
  return out;
}

SampledTables sampling() {
  SampledTables c;
  c.states[static_cast<std::size_t>(GState::kWaiting)] = {500, 20, 300};
  c.live_integral_ns = 510;
  c.covered = {{100, 200}};
  SampledWaits known, fresh;
  known.key = {.stack = 1, .reason = 3, .in_syscall = false, .system = false};
  known.time = {400, 15, 300};
  known.long_waits.add(70);
  fresh.key = {.stack = 9, .reason = 3, .in_syscall = false, .system = false};
  fresh.time = {100, 10, 0};
  c.waits = {known, fresh};
  c.sites = {{0x40, 0x50, false, {500, 0, 500}}};
  return c;
}

TEST(Combine, TheStretchIsSamplingsTheRestTheModels) {
  // 1000 before the stretch; in it the model went on to book 700 from memory; 50 after it.
  const Tables from = tables(1000, {row(1, 900), row(2, 100)});
  const Tables to = tables(1700, {row(1, 1500), row(2, 200)});
  Tables end = tables(1750, {row(1, 1550), row(2, 200)});
  end.blocking[0].waits.add(33);
  const Tables t = combine(end, replaced(from, to), sampling());
  EXPECT_EQ(t.state_ns[static_cast<std::size_t>(GState::kWaiting)], 1000u + 50 + 500);
  EXPECT_EQ(t.live_integral_ns, 1000u + 50 + 510);
  ASSERT_EQ(t.blocking.size(), 3u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 900u + 50 + 400);
  EXPECT_EQ(t.blocking[0].waits.count(), 1u) << "counts stay the probes'";
  EXPECT_EQ(t.blocking[0].sampled->error_ns, 15u);
  EXPECT_EQ(t.blocking[0].long_waits.count(), 1u);
  EXPECT_EQ(t.blocking[1].in_window_ns, 100u);
  EXPECT_FALSE(t.blocking[1].sampled);
  EXPECT_EQ(t.blocking[2].stack, 9u);
  EXPECT_EQ(t.blocking[2].in_window_ns, 100u);
  ASSERT_EQ(t.creation.size(), 1u);
  EXPECT_TRUE(t.creation[0].sampled->exact());
  EXPECT_EQ(t.covered_by_sampling.size(), 1u);
}

TEST(Combine, AGoroutineOfACThreadHasNoCreationSite) {
  SampledTables of_c = sampling();
  of_c.sites.push_back({0, 0, false, {100, 0, 100}});
  EXPECT_EQ(combine(tables(1700, {}), replaced(tables(1000, {}), tables(1700, {})), of_c).creation.size(),
            1u);
}

TEST(Combine, RowsOfTwoLabelsAreTwo) {
  Tables end = tables(1000, {row(1, 600), row(1, 400)});
  end.blocking[0].label = 7;
  end.blocking[1].label = 8;
  SampledTables c = sampling();
  c.waits[0].key.label = 8;
  c.waits[1].key.label = 9;
  const Tables t = combine(end, {}, c);
  ASSERT_EQ(t.blocking.size(), 3u);
  EXPECT_EQ(t.blocking[0].in_window_ns, 600u);
  EXPECT_EQ(t.blocking[1].in_window_ns, 400u + 400u);
  EXPECT_EQ(t.blocking[2].label, 9u);
  EXPECT_EQ(t.blocking[2].in_window_ns, 100u);
}

TEST(Combine, StretchesAddUp) {
  // The model books 100 in each of three stretches, of one row, and 10 between them.
  Replaced all;
  Tables end = tables(0, {row(1, 0)});
  for (int i = 0; i < 3; ++i) {
    const Tables from = end;
    end.blocking[0].in_window_ns += 100;
    end.state_ns[static_cast<std::size_t>(GState::kWaiting)] += 100;
    end.live_integral_ns += 100;
    all.add(from, end);
    end.blocking[0].in_window_ns += 10;
    end.state_ns[static_cast<std::size_t>(GState::kWaiting)] += 10;
    end.live_integral_ns += 10;
  }
  const Tables t = combine(end, all, sampling());
  EXPECT_EQ(t.blocking[0].in_window_ns, 30u + 400);
  EXPECT_EQ(t.state_ns[static_cast<std::size_t>(GState::kWaiting)], 30u + 500);
  EXPECT_EQ(t.live_integral_ns, 30u + 510);
}

BlockingRow others(std::uint64_t in_window_ns) {
  BlockingRow r = row(0, in_window_ns);
  r.folded = 1;
  return r;
}

TEST(Combine, RowsThatWereFoldedLoseWhatTheModelBookedAndNoMore) {
  // Of 900 + 100 + 40 before the stretch and 1500 + 300 + 50 behind it; stack 1 is folded in it and comes
  // again, stack 2 is folded after it.
  const Tables from = tables(1040, {row(1, 900), row(2, 100), others(40)});
  const Tables to = tables(1850, {row(1, 60), row(2, 300), others(1490)});
  const Tables end = tables(1850, {row(1, 60), others(1790)});
  SampledTables nobody;
  const Tables t = combine(end, replaced(from, to), nobody);
  EXPECT_EQ(t.state_ns[static_cast<std::size_t>(GState::kWaiting)], 1040u);
  std::uint64_t sum = 0;
  for (const BlockingRow& r : t.blocking) sum += r.in_window_ns;
  EXPECT_EQ(sum, 1040u);
}

TEST(Combine, WithoutCountersLiveIsTheSumOfTheStates) {
  SampledTables c = sampling();
  c.live_integral_ns.reset();
  const Tables t = combine(Tables{}, {}, c);
  EXPECT_EQ(t.live_integral_ns, 500u);
}

TEST(Combine, TheOlderAgeIsTheOneThatIsShown) {
  SampledTables c = sampling();
  c.waits[0].open_since_ns = 100;
  c.waits[1].open_since_ns = 100;
  Tables end = tables(0, {row(1, 0)});
  end.at_ns = 1000;
  end.blocking[0].blocked_now = 2;
  end.blocking[0].oldest_ns = 7;
  Tables t = combine(end, {}, c);
  EXPECT_EQ(t.blocking[0].oldest_ns, 900u);
  EXPECT_TRUE(t.blocking[0].oldest_is_lower_bound);
  EXPECT_FALSE(t.blocking[1].oldest_ns) << "nobody is blocked there now";
  end.blocking[0].oldest_ns = 5000;
  t = combine(end, {}, c);
  EXPECT_EQ(t.blocking[0].oldest_ns, 5000u);
}

}  // namespace
}  // namespace gorotrace
