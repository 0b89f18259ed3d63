// Ticks are all that the estimates need: kept and replayed they say the same as counting everyone anew at
// each look does; they are small where nothing happens; and one that is lost or lies spoils no figure.
#include <gtest/gtest.h>

#include <bit>

#include "direct_sampling.h"
#include "population.h"
#include "sampling/pace.h"

namespace gorotrace {
namespace {

using simulated::kMs;

SamplingConfig tick_config() {
  SamplingConfig c;
  c.is_system = [](std::uint64_t startpc) { return startpc == 0x9000; };
  c.wait_reasons.assign(16, "chan receive");
  c.wait_reasons[5] = "coroutine";
  c.wait_reasons[6] = "preempted";
  return c;
}

void expect_same(const SampledTime& a, const SampledTime& b) {
  EXPECT_EQ(a.ns, b.ns);
  EXPECT_EQ(a.error_ns, b.error_ns);
  EXPECT_EQ(a.proven_ns, b.proven_ns);
}

void expect_same(const SampledTables& a, const SampledTables& b) {
  for (std::size_t s = 0; s < kGStates; ++s) expect_same(a.states[s], b.states[s]);
  EXPECT_EQ(a.live_integral_ns, b.live_integral_ns);
  ASSERT_EQ(a.waits.size(), b.waits.size());
  for (std::size_t i = 0; i < a.waits.size(); ++i) {
    EXPECT_EQ(a.waits[i].key, b.waits[i].key);
    expect_same(a.waits[i].time, b.waits[i].time);
    EXPECT_EQ(a.waits[i].open_since_ns, b.waits[i].open_since_ns);
    EXPECT_EQ(a.waits[i].long_waits.count(), b.waits[i].long_waits.count());
    EXPECT_EQ(a.waits[i].long_waits.max(), b.waits[i].long_waits.max());
  }
  ASSERT_EQ(a.sites.size(), b.sites.size());
  for (std::size_t i = 0; i < a.sites.size(); ++i) {
    EXPECT_EQ(a.sites[i].gopc, b.sites[i].gopc);
    EXPECT_EQ(a.sites[i].system, b.sites[i].system);
    expect_same(a.sites[i].time, b.sites[i].time);
  }
  ASSERT_EQ(a.covered.size(), b.covered.size());
  EXPECT_EQ(a.looks, b.looks);
  EXPECT_EQ(a.looks_at_all, b.looks_at_all);
  EXPECT_EQ(a.goroutines_seen, b.goroutines_seen);
  EXPECT_EQ(a.without_stack, b.without_stack);
  EXPECT_EQ(a.overflow, b.overflow);
}

// A process that makes up its mind at each look: goroutines come, go, move, stand; some cannot be read.
struct Whim {
  explicit Whim(std::uint64_t seed) : random(seed) {}
  std::mt19937_64 random;
  std::vector<GWords> slots;
  std::uint64_t goids = 0;

  [[nodiscard]] std::uint64_t upto(std::uint64_t n) { return random() % n; }
  void step() {
    if (slots.empty() || upto(8) == 0) slots.resize(slots.size() + 1 + upto(3));
    for (GWords& w : slots) {
      switch (upto(12)) {
        case 0:
          w = GWords{};
          break;
        case 1:
          w = GWords{};
          w.goid = ++goids;
          w.status = static_cast<std::uint32_t>(GStatus::kRunnable);
          w.gopc = 0x4000 + upto(3);
          w.startpc = upto(5) == 0 ? 0x9000 : 0x5000 + upto(2);
          break;
        case 2:
        case 3:
          if (w.goid == 0) break;
          ++w.tracking_seq;
          w.status = static_cast<std::uint32_t>(
              std::array{GStatus::kRunnable, GStatus::kRunning, GStatus::kSyscall, GStatus::kWaiting,
                         GStatus::kWaiting, GStatus::kPreempted, GStatus::kCopystack}[upto(7)]);
          w.wait_reason = static_cast<std::uint8_t>(3 + upto(4));
          w.sched_pc = w.syscallpc = 0x400000 + upto(4);
          w.sched_sp = w.syscallsp = 0x1f000 + 8 * upto(2);
          break;
        default:
          break;
      }
    }
  }
};

TEST(SampleTick, CarriesWhatCountingEveryoneAnewWouldSay) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Whim whim(seed);
    testing::Looks looks(tick_config());
    direct::Sampling direct(tick_config());
    std::vector<SampleTick> kept;
    std::vector<SampleClasses> classes;
    std::uint64_t at = 0;
    bool all = true;
    std::vector<Choice> choices;
    for (int i = 0; i < 120; ++i) {
      whim.step();
      at += 1 + whim.upto(20 * kMs);
      if (whim.upto(15) == 0) all = !all;
      if (whim.upto(30) == 0) {
        looks.maker.restart();
        looks.sampling.end_segment();
        direct.end_segment();
      }
      const std::size_t total = whim.slots.size();
      choose_slots(total, all ? total : 1 + total / 3, whim.random, choices);
      const bool at_all = choices.size() == total;
      looks.maker.begin(at, at_all);
      direct.begin_look(at, at_all);
      for (const Choice& choice : choices) {
        const GWords* words = whim.upto(40) == 0 ? nullptr : &whim.slots[choice.slot];
        const auto asked = looks.see(choice, words), wanted = direct.see(choice, words);
        ASSERT_EQ(asked.has_value(), wanted.has_value());
        if (!asked) continue;
        const std::uint64_t stack = whim.upto(3) == 0 ? 0 : 0x1000 + words->wait_reason + whim.upto(2);
        looks.place(*asked, stack);
        direct.place(*wanted, stack);
      }
      const std::optional<std::int64_t> live =
          seed % 4 == 0 && i == 7 ? std::nullopt
                                  : std::optional<std::int64_t>(static_cast<std::int64_t>(total));
      kept.push_back(looks.maker.end(looks.seen_ns, live));
      classes.push_back(looks.maker.take_classes());
      ASSERT_TRUE(looks.sampling.define(classes.back()));
      ASSERT_TRUE(looks.sampling.apply(kept.back()));
      direct.end_look(live);
      if (i % 10 == 0) {
        EXPECT_EQ(looks.sampling.in_state(), direct.in_state());
        const auto standing = looks.sampling.standing(), stood = direct.standing();
        ASSERT_EQ(standing.size(), stood.size());
        for (std::size_t k = 0; k < stood.size(); ++k) {
          EXPECT_EQ(standing[k].since_ns, stood[k].since_ns);
          EXPECT_TRUE(standing[k].standing.same(stood[k].standing));
        }
        const auto moves = looks.sampling.moves(), moved = direct.moves();
        ASSERT_EQ(moves.size(), moved.size());
        for (std::size_t k = 0; k < moved.size(); ++k) EXPECT_EQ(moves[k].at_ns, moved[k].at_ns);
      }
    }
    Sampling replayed;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      ASSERT_TRUE(replayed.define(classes[i]));
      ASSERT_TRUE(replayed.apply(kept[i]));
    }
    expect_same(looks.sampling.tables(), direct.tables());
    expect_same(replayed.tables(), direct.tables());
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

// --- size

// Bytes of a number in groups of 7 bits.
std::size_t bytes_of(std::uint64_t n) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::bit_width(n) + 6) / 7);
}

std::size_t bytes_of(const SampleTick& t) {
  std::size_t sum = bytes_of(t.number) + bytes_of(t.at_ns) + 1 + bytes_of(t.slots) +
                    bytes_of(t.without_stack) + bytes_of(t.overflow) +
                    bytes_of(static_cast<std::uint64_t>(t.live.value_or(0)));
  sum += bytes_of(t.changed.size());
  std::uint32_t last = 0;
  for (const SampleChange& c : t.changed) {
    sum += bytes_of(c.slot - std::exchange(last, c.slot)) + 3 /* flags, status; reason; seq */ +
           bytes_of(c.standing.goid) + bytes_of(c.standing.pc) + bytes_of(c.standing.sp) +
           bytes_of(std::uint64_t{c.place.row} + 1) + bytes_of(std::uint64_t{c.place.site} + 1);
  }
  for (const auto& counts : t.counts) {
    sum += bytes_of(counts.size());
    for (const ClassCount& c : counts)
      sum += bytes_of(c.number) + bytes_of(c.goroutines) + bytes_of(c.variance_4);
  }
  return sum;
}

// Ten seconds of 100,000 goroutines that do nothing, within 5 % of a CPU at the prices that looks have.
std::vector<std::size_t> ten_seconds_of_idleness(bool whole) {
  constexpr std::uint32_t kIdle = 100'000;
  constexpr double kAmongAllNs = 100, kChosenNs = 1500, kLookNs = 15'000;
  TickMaker maker(tick_config());
  Pace pace(0.05, whole);
  Instants instants(1, pace.period_ns(kIdle), 3);
  std::mt19937_64 random(4);
  std::vector<Choice> choices;
  std::vector<std::size_t> sizes;
  for (std::uint64_t at = 1; at < 10'000 * kMs; at = instants.next(at, pace.period_ns(kIdle))) {
    const std::size_t wanted = pace.slots(kIdle, at);
    if (wanted == 0) continue;
    choose_slots(kIdle, wanted, random, choices);
    maker.begin(at, wanted == kIdle);
    for (const Choice& c : choices) {
      Sighting s;
      s.alive = true;
      s.standing.goid = c.slot + 20;
      s.standing.status = GStatus::kWaiting;
      s.standing.reason = 3;
      s.standing.seq = static_cast<std::uint8_t>(c.slot * 7);
      s.standing.pc = 0x46d3ce;
      s.standing.sp = 0xc000'0000'00 + c.slot * 2048u;
      s.gopc = 0x4000 + c.slot % 5;
      s.startpc = 0x5000;
      if (const auto asked = maker.see(c, s)) maker.place(*asked, Stay{0x77 + c.slot % 5});
    }
    sizes.push_back(bytes_of(maker.end(0, kIdle)));
    const double each = wanted == kIdle ? kAmongAllNs : kChosenNs;
    pace.spent(wanted, wanted == kIdle,
               static_cast<std::uint64_t>(kLookNs + each * static_cast<double>(wanted)));
  }
  return sizes;
}

TEST(SampleTick, AHundredThousandIdleGoroutinesTakeLessThan50kBASecond) {
  const auto sizes = ten_seconds_of_idleness(false);
  std::size_t sum = 0;
  for (const std::size_t bytes : sizes) sum += bytes;
  std::printf("%zu ticks of chosen ones in 10 s, %zu bytes/s\n", sizes.size(), sum / 10);
  EXPECT_GT(sizes.size(), 500u);
  EXPECT_LT(sum / 10, 50'000u);
}

TEST(SampleTick, WhoIsFollowedIsToldOnceAndThenOnlyWhenSomethingChanges) {
  const auto sizes = ten_seconds_of_idleness(true);
  ASSERT_GT(sizes.size(), 10u);
  std::size_t rest = 0;
  for (std::size_t i = 1; i < sizes.size(); ++i) rest += sizes[i];
  std::printf("%zu ticks of all in 10 s: the first %zu bytes, the others %zu bytes/s\n", sizes.size(),
              sizes[0], rest / 10);
  EXPECT_LT(sizes[0], 100'000u * 32);
  EXPECT_LT(rest / 10, 5'000u);
}

// --- what comes from elsewhere

struct Ticks {
  testing::Looks looks{tick_config()};
  std::uint64_t at = 0;
  SampleTick next(std::uint8_t seq = 1) {
    at += 10 * kMs;
    GWords w;
    w.goid = 8;
    w.status = static_cast<std::uint32_t>(GStatus::kWaiting);
    w.wait_reason = 3;
    w.tracking_seq = seq;
    w.sched_pc = 0x400000;
    looks.maker.begin(at, true);
    if (const auto asked = looks.see({0, 1}, &w)) looks.place(*asked, 0x77);
    return looks.maker.end(looks.seen_ns, 1);
  }
};

TEST(SampleTick, ALostOneEndsTheStretchAndAnotherBeginsAnew) {
  Ticks t;
  Sampling sampling;
  ASSERT_TRUE(sampling.define({}));
  const SampleTick first = t.next();
  ASSERT_TRUE(sampling.define(t.looks.maker.take_classes()));
  EXPECT_TRUE(sampling.apply(first));
  EXPECT_TRUE(sampling.apply(t.next()));
  (void)t.next(2);  // lost
  EXPECT_FALSE(sampling.apply(t.next(2)));
  EXPECT_FALSE(sampling.apply(t.next(2)));
  EXPECT_EQ(sampling.tables().waits.at(0).time.ns, 10 * kMs);
  t.looks.maker.restart();
  EXPECT_TRUE(sampling.apply(t.next(2)));
  EXPECT_TRUE(sampling.apply(t.next(2)));
  const SampledTables tables = sampling.tables();
  EXPECT_EQ(tables.waits.at(0).time.ns, 20 * kMs);
  EXPECT_TRUE(tables.waits[0].time.exact());
  EXPECT_EQ(tables.covered.size(), 2u);
}

TEST(SampleTick, OneThatContradictsItselfIsRefused) {
  const auto refused = [](const std::function<void(SampleTick&)>& spoil) {
    Ticks t;
    Sampling sampling;
    SampleTick tick = t.next();
    EXPECT_TRUE(sampling.define(t.looks.maker.take_classes()));
    spoil(tick);
    return !sampling.apply(tick);
  };
  EXPECT_FALSE(refused([](SampleTick&) {}));
  EXPECT_TRUE(refused([](SampleTick& t) { t.changed[0].slot = 1; }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.slots = 1u << 31; }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.changed[0].place.row = 1; }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.changed[0].place.site = 1; }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.changed[0].place.state = 99; }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.changed.push_back(t.changed[0]); }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.begins = false; }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.everyone = false; }));
  EXPECT_TRUE(refused([](SampleTick& t) { t.all = false, t.counts[kSiteClass].push_back({1, 1, 0}); }));
}

TEST(SampleTick, MoreClassesThanASamplerMakesAreRefused) {
  Sampling sampling;
  SampleClasses many;
  many.rows.resize(BlockingRows::kMaxRows);
  EXPECT_TRUE(sampling.define(many));
  many.rows.resize(1);
  EXPECT_FALSE(sampling.define(many));
}

}  // namespace
}  // namespace gorotrace
