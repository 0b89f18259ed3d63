// Many processes, one budget: it is kept, it is shared fairly, and nobody who holds up its reader holds up
// the others.
#include "sampling/sample_scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <queue>
#include <thread>

#include "../snapshot/forged_runtime.h"
#include "base/clock.h"
#include "sampling/shares.h"
#include "told_looks.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

TEST(FairShares, NobodyGetsMoreThanItWantsAndTheRestIsForThoseWhoWantMore) {
  const double wanted[] = {0.5, 0.01, 2, 0};
  const auto shares = fair_shares(0.1, wanted);
  EXPECT_DOUBLE_EQ(shares[1], 0.01);
  EXPECT_DOUBLE_EQ(shares[3], 0);
  EXPECT_DOUBLE_EQ(shares[0], 0.045);
  EXPECT_DOUBLE_EQ(shares[2], 0.045);
  const auto enough = fair_shares(3, wanted);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_DOUBLE_EQ(enough[i], wanted[i] + 0.49 / 4);
  EXPECT_TRUE(fair_shares(1, {}).empty());
}

struct Simulated {
  double used;  // of one CPU
  std::vector<double> looks_a_second;
};

// Ten seconds of `many` processes, each of whose looks costs what `cost_ns` says, shared out as a scheduler
// does; the first second is not counted.
Simulated simulate(double share, std::size_t many, const std::function<double(std::size_t)>& cost_ns) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  constexpr std::size_t kGoroutines = 10;
  using Due = std::pair<std::uint64_t, std::size_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> queue;
  std::vector<Pace> paces(many, Pace(share / static_cast<double>(many)));
  std::vector<Instants> instants;
  for (std::size_t i = 0; i < many; ++i) {
    instants.emplace_back(1, kLookPeriodNs, i);
    queue.push({instants[i].next(1, kLookPeriodNs), i});
  }
  Simulated out{0, std::vector<double>(many)};
  std::vector<double> wanted(many);
  std::uint64_t divide = 0;
  while (queue.top().first < 11 * kSecond) {
    const auto [at, i] = queue.top();
    queue.pop();
    const std::size_t slots = paces[i].slots(kGoroutines, at);
    const double cost = slots == 0 ? 1000 : cost_ns(i);
    paces[i].spent(slots, true, static_cast<std::uint64_t>(cost));
    if (at > kSecond) {
      out.used += cost / 10e9;
      if (slots != 0) out.looks_a_second[i] += 0.1;
    }
    queue.push({instants[i].next(at, paces[i].period_ns(kGoroutines)), i});
    if (at < divide) continue;
    divide = at + 100'000'000;
    for (std::size_t k = 0; k < many; ++k) wanted[k] = paces[k].wanted(kGoroutines);
    const auto shares = fair_shares(share, wanted);
    for (std::size_t k = 0; k < many; ++k) paces[k].set_share(shares[k]);
  }
  return out;
}

TEST(SharedBudget, IdleProcessesAreLookedAtEvenlyAndAsOftenAsItAffords) {
  for (const std::size_t many : {1u, 30u, 60u, 300u}) {
    constexpr double kCost = 20'000;
    const Simulated s = simulate(0.05, many, [](std::size_t) { return kCost; });
    const auto [least, most] = std::ranges::minmax(s.looks_a_second);
    const double affordable = std::min(100.0, 0.05 * 1e9 / kCost / static_cast<double>(many));
    EXPECT_LT(s.used, 0.05) << many;
    EXPECT_GT(least, 0.7 * affordable) << many;
    EXPECT_LE(most, 1.01 * affordable) << many;
  }
}

TEST(SharedBudget, ADearOneDoesNotTakeFromCheapOnes) {
  const Simulated s = simulate(0.05, 20, [](std::size_t i) { return i == 0 ? 5e6 : 10'000; });
  EXPECT_LT(s.used, 0.05 * 1.02);
  EXPECT_GT(s.looks_a_second[0], 2);
  for (std::size_t i = 1; i < 20; ++i) EXPECT_GT(s.looks_a_second[i], 95);
}

struct Process : testing::ForgedRuntime {
  struct SlowMemory : Memory {
    explicit SlowMemory(const Memory& of) : memory(of) {}
    const Memory& memory;
    std::atomic<bool> hangs = false;
    [[nodiscard]] bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
      return memory.read(address, out);
    }
    [[nodiscard]] bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
      while (hangs) std::this_thread::sleep_for(1ms);
      return memory.read_many(ranges, failed);
    }
  };
  SlowMemory slow{memory};
  std::shared_ptr<testing::ToldLooks> told = std::make_shared<testing::ToldLooks>();
  std::shared_ptr<ProcessSampler> sampler;
  Process() {
    for (std::uint64_t goid = 1; goid <= 3; ++goid) add(goid);
    config.max_goroutines = 1000;
    SamplingSubject subject;
    subject.goroutines = config;
    subject.sampling.wait_reasons.assign(16, "chan receive");
    subject.sampling.is_system = [](std::uint64_t) { return false; };
    sampler = std::make_shared<ProcessSampler>(testing::borrowed(slow), subject, 1, told);
  }
  [[nodiscard]] std::uint64_t looks() const { return told->tables().looks; }
};

TEST(SampleScheduler, LooksAtAllOfManyInTurn) {
  constexpr std::size_t kMany = 20;
  std::vector<std::unique_ptr<Process>> processes;
  SampleScheduler scheduler(1);
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(scheduler.start(processes.emplace_back(std::make_unique<Process>())->sampler).has_value());
  }
  std::this_thread::sleep_for(500ms);
  for (const auto& p : processes) scheduler.stop(p->sampler);
  std::uint64_t cpu_ns = 0;
  for (const auto& p : processes) {
    EXPECT_GT(p->looks(), 5u);
    EXPECT_EQ(p->told->tables().waits.at(0).time.exact(), true);
    cpu_ns += p->sampler->cost().cpu_ns;
  }
  EXPECT_GT(cpu_ns, 0u);
}

// What holds one reader up for a second or more holds up the others for a fraction of it, and can be stopped.
TEST(SampleScheduler, AProcessThatHoldsUpItsReaderHoldsUpNobodyElse) {
  Process stuck, other, another;
  SampleScheduler scheduler(0.5);
  for (Process* p : {&stuck, &other, &another}) ASSERT_TRUE(scheduler.start(p->sampler).has_value());
  stuck.slow.hangs = true;
  std::this_thread::sleep_for(700ms);  // the watch has noticed
  const std::uint64_t before = other.looks(), stuck_before = stuck.looks();
  std::this_thread::sleep_for(700ms);
  EXPECT_GT(other.looks(), before + 10);
  EXPECT_EQ(stuck.looks(), stuck_before) << "figures are there while its reader waits";
  const std::uint64_t begin = monotonic_ns();
  scheduler.stop(stuck.sampler);
  EXPECT_LT(monotonic_ns() - begin, 6'000'000'000u);
  EXPECT_FALSE(stuck.sampler->running());
  stuck.slow.hangs = false;
  // It can be started again, by the same object.
  ASSERT_TRUE(scheduler.start(stuck.sampler).has_value());
  std::this_thread::sleep_for(300ms);
  for (Process* p : {&stuck, &other, &another}) scheduler.stop(p->sampler);
  EXPECT_GT(stuck.looks(), stuck_before + 2);
}

// Whoever the kernel never lets go of shares what it uses, and nobody waits for it for ever.
TEST(SampleScheduler, AReaderThatIsHeldUpForEverIsLeftBehind) {
  const auto stuck = std::make_shared<Process>();
  stuck->sampler.reset();  // made anew, with its process's life in its hands
  SamplingSubject subject;
  subject.goroutines = stuck->config;
  subject.sampling.wait_reasons.assign(16, "chan receive");
  subject.sampling.is_system = [](std::uint64_t) { return false; };
  auto sampler = std::make_shared<ProcessSampler>(std::shared_ptr<const Memory>(stuck, &stuck->slow), subject,
                                                  1, stuck->told);
  const std::weak_ptr<ProcessSampler> watched = sampler;
  auto scheduler = std::make_unique<SampleScheduler>(1);
  ASSERT_TRUE(scheduler->start(sampler).has_value());
  stuck->slow.hangs = true;
  std::this_thread::sleep_for(100ms);
  const std::uint64_t begin = monotonic_ns();
  scheduler->stop(sampler);
  sampler.reset();
  scheduler.reset();
  EXPECT_LT(monotonic_ns() - begin, 5'000'000'000u);
  EXPECT_FALSE(watched.expired()) << "the thread that is held up uses it";
  stuck->slow.hangs = false;
  for (int i = 0; i < 2000 && !watched.expired(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(watched.expired()) << "it goes with the thread";
}

}  // namespace
}  // namespace gorotrace
