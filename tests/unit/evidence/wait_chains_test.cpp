#include "evidence/wait_chains.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace gorotrace {
namespace {

Wait wait(std::uint64_t goid, std::uint64_t ns, std::uint64_t stack, std::optional<Waker> waker,
          std::uint64_t waker_goid = 0) {
  return {.goid = goid,
          .start_ns = 1000,
          .end_ns = 1000 + ns,
          .stack = stack,
          .reason = 1,
          .in_syscall = false,
          .system = false,
          .waker = waker,
          .waker_goid = waker_goid};
}
Waker by(std::uint64_t stack) {
  return {WakerKind::kGoroutine, stack};
}

// What the row of these wakers sums up.
WaitChains::Sum sum_of(const WaitChains& chains, std::uint64_t stack, const std::vector<Waker>& wakers) {
  for (const auto& [row, sum] : chains.rows()) {
    if (row.stack != stack || row.chain.steps != wakers.size()) continue;
    if (std::equal(wakers.begin(), wakers.end(), row.chain.wakers.begin())) return sum;
  }
  return {};
}

TEST(WaitChains, GoBackThreeSteps) {
  WaitChains chains;
  chains.add(wait(1, 10, 100, Waker{WakerKind::kTimer, 0}));
  chains.add(wait(2, 20, 200, by(101), 1));
  chains.add(wait(3, 30, 300, by(201), 2));
  chains.add(wait(4, 40, 400, by(301), 3));
  EXPECT_EQ(sum_of(chains, 100, {{WakerKind::kTimer, 0}}).total_ns, 10u);
  EXPECT_EQ(sum_of(chains, 200, {by(101), {WakerKind::kTimer, 0}}).total_ns, 20u);
  EXPECT_EQ(sum_of(chains, 300, {by(201), by(101), {WakerKind::kTimer, 0}}).total_ns, 30u);
  EXPECT_EQ(sum_of(chains, 400, {by(301), by(201), by(101)}).total_ns, 40u) << "the timer is the fourth";
}

TEST(WaitChains, TheLastWaitOfAWakerCounts) {
  WaitChains chains;
  chains.add(wait(1, 10, 100, by(501), 5));
  chains.add(wait(1, 10, 100, Waker{WakerKind::kNetpoll, 0}));
  chains.add(wait(2, 7, 200, by(101), 1));
  chains.add(wait(2, 8, 200, by(101), 1));
  const auto sum = sum_of(chains, 200, {by(101), {WakerKind::kNetpoll, 0}});
  EXPECT_EQ(sum.count, 2u);
  EXPECT_EQ(sum.total_ns, 15u);
}

TEST(WaitChains, EndWhereNobodyIsKnown) {
  WaitChains chains;
  chains.add(wait(2, 7, 200, std::nullopt));
  chains.add(wait(3, 9, 300, by(201), 2));
  chains.add(wait(4, 9, 400, by(901), 9));
  EXPECT_EQ(sum_of(chains, 200, {}).count, 1u);
  EXPECT_EQ(sum_of(chains, 300, {by(201)}).count, 1u);
  EXPECT_EQ(sum_of(chains, 400, {by(901)}).count, 1u);
}

TEST(WaitChains, SystemCallsAreNone) {
  WaitChains chains;
  Wait call = wait(2, 7, 200, std::nullopt);
  call.in_syscall = true;
  chains.add(call);
  EXPECT_TRUE(chains.rows().empty());
  EXPECT_EQ(chains.left_out(), 0u);
}

TEST(WaitChains, CountsWhatItHasNoRoomFor) {
  WaitChains chains;
  for (std::uint64_t i = 0; i < WaitChains::kMaxRows + 3; ++i)
    chains.add(wait(1, 1, 1 + i, Waker{WakerKind::kTimer, 0}));
  chains.add(wait(1, 1, 1, Waker{WakerKind::kTimer, 0}));
  EXPECT_EQ(chains.rows().size(), WaitChains::kMaxRows);
  EXPECT_EQ(chains.left_out(), 3u);
}

TEST(WaitChains, AnEndBeforeTheBeginningIsNoTime) {
  WaitChains chains;
  Wait odd = wait(1, 0, 100, Waker{WakerKind::kTimer, 0});
  odd.end_ns = 10;
  chains.add(odd);
  EXPECT_EQ(sum_of(chains, 100, {{WakerKind::kTimer, 0}}).total_ns, 0u);
}

}  // namespace
}  // namespace gorotrace
