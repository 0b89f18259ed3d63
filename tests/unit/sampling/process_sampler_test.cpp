// The looks of one process or of many: memory that lies or goes away ends in an error or in figures that
// leave it out.
#include "sampling/sample_scheduler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "../snapshot/forged_runtime.h"
#include "told_looks.h"

namespace gorotrace {
namespace {

struct Forged : testing::ForgedRuntime {
  SamplingSubject subject;
  std::shared_ptr<testing::ToldLooks> told = std::make_shared<testing::ToldLooks>();

  Forged() {
    config.max_goroutines = 1000;
    subject.goroutines = config;
    subject.sampling.wait_reasons.assign(16, "chan receive");
    subject.sampling.is_system = [](std::uint64_t) { return false; };
  }
  [[nodiscard]] std::shared_ptr<ProcessSampler> sampler() const {
    return std::make_shared<ProcessSampler>(testing::borrowed(memory), subject, 1, told);
  }
};

TEST(ProcessSampler, LooksUntilItIsStoppedAndKnowsTheStacks) {
  Forged f;
  SampleScheduler scheduler(1);
  for (std::uint64_t goid = 1; goid <= 5; ++goid) f.add(goid);
  const auto sampler = f.sampler();
  const auto from = scheduler.start(sampler);
  ASSERT_TRUE(from.has_value()) << from.error().message;
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  EXPECT_EQ(f.told->waiting(), 5u);
  const std::uint64_t to = scheduler.stop(sampler);
  EXPECT_FALSE(sampler->running());
  const SampledTables t = f.told->tables();
  ASSERT_EQ(t.waits.size(), 1u);
  EXPECT_TRUE(t.waits[0].time.exact());
  EXPECT_EQ(t.waits[0].time.ns, 5 * (to - *from));
  EXPECT_GE(t.looks, 3u);
  EXPECT_EQ(t.looks, t.looks_at_all);
  const std::set<std::pair<std::uint64_t, std::size_t>> stacks{{t.waits[0].key.stack, 2u}};
  EXPECT_EQ(f.told->stacks(), stacks);
  EXPECT_GT(sampler->cost().cpu_ns, 0u);
  EXPECT_EQ(sampler->cost().looks, t.looks);
  EXPECT_EQ(sampler->cost().looks_at_all, t.looks_at_all);
  EXPECT_EQ(sampler->cost().goroutines_seen, t.goroutines_seen);
}

TEST(ProcessSampler, RowsAreToldApartByALabel) {
  Forged f;
  f.config.offsets.g_labels = 360;
  constexpr std::uint64_t label_set = 0x800000, label_list = 0x801000, label_text = 0x802000;
  f.memory.put(label_text, "tenantacme", 10);
  f.memory.words(label_set, {label_list, 1, 1});
  f.memory.words(label_list, {label_text, 6, label_text + 6, 4});
  for (std::uint64_t goid = 1; goid <= 3; ++goid)
    f.word(f.add(goid), f.config.offsets.g_labels, goid == 3 ? 0 : label_set);
  f.subject.goroutines = f.config;
  f.subject.sampling.by_label = true;
  f.subject.label = LabelSubject{.key = "tenant", .layout = {.offsets = f.config.offsets}};
  SampleScheduler scheduler(1);
  const auto sampler = f.sampler();
  const auto from = scheduler.start(sampler);
  ASSERT_TRUE(from.has_value()) << from.error().message;
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const std::uint64_t to = scheduler.stop(sampler);
  const SampledTables t = f.told->tables();
  ASSERT_EQ(t.waits.size(), 2u);
  const auto labels = f.told->labels();
  ASSERT_EQ(labels.size(), 1u) << "each value is told once";
  EXPECT_EQ(labels[0].text, "acme");
  for (const SampledWaits& row : t.waits) {
    EXPECT_TRUE(row.key.label == labels[0].id || row.key.label == kLabelNone);
    EXPECT_EQ(row.time.ns, (row.key.label == kLabelNone ? 1 : 2) * (to - *from));
  }
}

TEST(ProcessSampler, GoesOnAfterAPause) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  const auto sampler = f.sampler();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(scheduler.start(sampler).has_value());
    scheduler.stop(sampler);
  }
  EXPECT_EQ(f.told->tables().covered.size(), 2u);
}

// Its thread came to run when nobody waited for it any more.
TEST(ProcessSampler, ABeginBehindTheEndHandsOnNothing) {
  Forged f;
  f.add(1);
  const auto sampler = f.sampler();
  const std::stop_token late = sampler->permit();
  (void)sampler->end();
  EXPECT_FALSE(sampler->begin(1, late));
  EXPECT_EQ(f.told->tables().looks, 0u);
  const std::stop_token next = sampler->permit();
  EXPECT_FALSE(sampler->begin(1, late)) << "another one's";
  ASSERT_TRUE(sampler->begin(1, next).has_value());
  EXPECT_EQ(f.told->tables().looks, 1u);
  (void)sampler->end();
}

TEST(ProcessSampler, BeginsAnewWhenATickWasLost) {
  Forged f;
  SampleScheduler scheduler(1);
  for (std::uint64_t goid = 1; goid <= 3; ++goid) f.add(goid);
  const auto sampler = f.sampler();
  ASSERT_TRUE(scheduler.start(sampler).has_value());
  const auto until = [&](const auto& holds) {
    for (int i = 0; i < 1000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
  };
  f.told->lose_next();
  ASSERT_TRUE(until([&] { return !f.told->agrees(); })) << "the tick behind the lost one meant something";
  const std::uint64_t before = f.told->tables().looks;
  sampler->begin_anew();
  EXPECT_TRUE(until([&] { return f.told->tables().looks > before + 2; }));
  scheduler.stop(sampler);
  EXPECT_EQ(f.told->tables().covered.size(), 2u);
  EXPECT_EQ(f.told->tables().waits.at(0).time.exact(), true);
}

TEST(ProcessSampler, NonsenseInAllgsIsNobody) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  for (const std::uint64_t bad : {0x0ull, 0x7ull, 0xffffffffffffff00ull, 0x800000ull}) f.array.push_back(bad);
  f.publish();
  const auto sampler = f.sampler();
  ASSERT_TRUE(scheduler.start(sampler).has_value());
  EXPECT_EQ(f.told->waiting(), 1u);
  scheduler.stop(sampler);
  EXPECT_EQ(f.told->tables().sites.size(), 1u);
}

TEST(ProcessSampler, AHugeOrBrokenAllgsIsRefused) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  f.header(Forged::kArray, 1u << 20, 1u << 20);
  const auto huge = f.sampler();
  EXPECT_FALSE(scheduler.start(huge).has_value());
  EXPECT_FALSE(huge->running());
  f.header(Forged::kArray, 9, 3);
  const auto broken = f.sampler();
  EXPECT_FALSE(scheduler.start(broken).has_value());
}

TEST(ProcessSampler, AProcessThatIsGoneEndsItWithWhatWasSeen) {
  Forged f;
  SampleScheduler scheduler(1);
  f.add(1);
  const auto sampler = f.sampler();
  ASSERT_TRUE(scheduler.start(sampler).has_value());
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  f.memory.gone = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  scheduler.stop(sampler);
  EXPECT_EQ(f.told->tables().waits.size(), 1u);
  const auto late = f.sampler();
  EXPECT_FALSE(scheduler.start(late).has_value());
}

TEST(AllgsCache, ReadsGrowthOnly) {
  Forged f;
  const std::uint64_t first = f.add(1);
  AllgsCache cache(f.memory, Forged::kAllgs, {.max_length = 1000, .g_size = 400});
  ASSERT_TRUE(cache.refresh().has_value());
  ASSERT_EQ(cache.pointers().size(), 1u);
  f.add(2);
  f.memory.words(Forged::kArray, {0});  // what is known is not read again: entries never change
  ASSERT_TRUE(cache.refresh().has_value());
  ASSERT_EQ(cache.pointers().size(), 2u);
  EXPECT_EQ(cache.pointers()[0], first);
}

}  // namespace
}  // namespace gorotrace
