// One wait through a window in which probes and sampling take turns: how old it is at least.
#include <gtest/gtest.h>

#include "stream/models.h"

namespace gorotrace {
namespace {

constexpr TargetId kTarget = 1;
constexpr std::uint8_t kReceive = 3, kSeq = 7;
constexpr std::uint64_t kWaitsAt = 0x77, kTurn = 1'000'000;  // ns of a turn of one of the two

class Turns : public ::testing::Test {
 protected:
  Turns() {
    TargetBegun begun;
    begun.wait_reasons.assign(16, "chan receive");
    apply(begun);
    apply(
        SampleClasses{.rows = {{.stack = kWaitsAt, .reason = kReceive}}, .sites = {{0x4000, 0x5000, false}}});
  }
  template <typename What>
  void apply(What what) {
    models.apply({kTarget, now, std::move(what)});
  }
  // Goroutine 1 waits at one place.
  void look(std::uint8_t seq) {
    GoroutineSnapshot g;
    g.goid = 1;
    g.gopc = 0x4000;
    g.startpc = 0x5000;
    g.status = GStatus::kWaiting;
    g.wait_reason = kReceive;
    g.tracking_seq = seq;
    g.stack_id = kWaitsAt;
    Snapshot look;
    look.counts.begin_ns = now + 1;
    look.counts.end_ns = g.read_at_ns = now + 2;
    look.goroutines.push_back(g);
    now += 10;
    apply(std::move(look));
  }
  void probes(std::uint8_t seq = kSeq) {
    apply(GroupChanged{GT_GROUP_BLOCK, true});
    look(seq);
    now += kTurn;
  }
  void sampling(std::uint8_t seq = kSeq) {
    apply(GroupChanged{GT_GROUP_BLOCK, false});
    for (int i = 0; i < 5; ++i) {
      now += kTurn / 5;
      SampleTick tick;
      tick.number = ++ticks;
      tick.at_ns = tick.seen_ns = now;
      tick.all = true;
      tick.begins = tick.everyone = i == 0;
      tick.slots = 1;
      if (i == 0)
        tick.changed.push_back({0,
                                true,
                                {.goid = 1,
                                 .pc = 0x400000,
                                 .sp = 0x1000,
                                 .status = GStatus::kWaiting,
                                 .reason = kReceive,
                                 .seq = seq,
                                 .provable = true},
                                {0, 0, static_cast<std::uint32_t>(GState::kWaiting)}});
      apply(std::move(tick));
    }
    look(seq);  // as at a window's end
  }
  void sampling_ends() { apply(SamplingEnded{}); }
  [[nodiscard]] std::uint64_t oldest() const {
    const Tables tables = models.all().at(kTarget).tables(now);
    EXPECT_EQ(tables.blocking.size(), 1u);
    EXPECT_TRUE(tables.blocking.at(0).oldest_is_lower_bound);
    return tables.blocking.at(0).oldest_ns.value_or(0);
  }

  Models models;
  std::uint64_t now = 1000, ticks = 0;
};

TEST_F(Turns, OneWaitIsAsOldAsTheWindow) {
  probes();
  EXPECT_GE(oldest(), kTurn);
  sampling();
  EXPECT_GE(oldest(), 2 * kTurn);
  sampling_ends();
  probes();
  EXPECT_GE(oldest(), 3 * kTurn);
  sampling();
  EXPECT_GE(oldest(), 4 * kTurn);
}

TEST_F(Turns, AnotherWaitAtTheSamePlaceBeginsAnew) {
  probes();
  sampling();
  sampling_ends();
  probes(kSeq + 1);
  EXPECT_LE(oldest(), kTurn + 100);
  sampling(kSeq + 2);
  EXPECT_LE(oldest(), kTurn + 100);
}

}  // namespace
}  // namespace gorotrace
