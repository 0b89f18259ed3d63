// What conditions are told of the models.
#include "stream/models_watch.h"

#include "fixture.h"

namespace gorotrace {
namespace {

class Watch : public ::testing::Test {
 protected:
  Watch() {
    models.apply({kOne, 0, TargetBegun{42, 1, "/bin/it", kReasons, ""}});
    for (int g = 0; g <= GT_GROUP_RUN; ++g)
      models.apply({kOne, 1000, GroupChanged{static_cast<gt_group>(g), true}});
  }
  void records(std::vector<gt_record> run) {
    models.apply({kOne, run.front().time_ns, Records{std::move(run)}});
  }
  ModelsWatch::Seen look(ModelsWatch& watch) {
    now += 10 * ModelsWatch::kPeriodNs;
    watch.look(models, now);
    const auto seen = watch.seen();
    EXPECT_EQ(seen.size(), 1u);
    return seen.empty() ? ModelsWatch::Seen{} : seen.front();
  }

  Models models;
  std::uint64_t now = 1'000'000'000'000'000'000;
};

TEST_F(Watch, tells_how_many_wait_for_longer_than_each_of_the_times) {
  ModelsWatch watch({1000, 100});
  records({event(GT_HOOK_EXECUTE, 2000, 1), park_event(2100, 1, kSleep, 5), event(GT_HOOK_EXECUTE, 2200, 2),
           park_event(3000, 2, kSleep, 5)});
  models.apply({0, 3200, Advanced{}});
  const ModelsWatch::Seen seen = look(watch);
  EXPECT_EQ(seen.host_pid, 42);
  ASSERT_TRUE(seen.waiting);
  EXPECT_EQ(*seen.waiting, (std::vector<std::uint64_t>{1, 2}));
  models.apply({kOne, 3300, GroupChanged{GT_GROUP_BLOCK, false}});
  EXPECT_FALSE(look(watch).waiting);
}

TEST_F(Watch, takes_the_runtimes_own_count_of_goroutines) {
  ModelsWatch watch({});
  EXPECT_FALSE(look(watch).live) << "memory has not been looked at";
  RuntimeCounters counters;
  counters.live = 17;
  models.apply({kOne, 2000, CountersRead{counters, std::nullopt}});
  EXPECT_EQ(look(watch).live, 17u);
  EXPECT_FALSE(look(watch).waiting) << "nobody asked";
}

TEST_F(Watch, looks_no_more_often_than_is_due) {
  ModelsWatch watch({});
  (void)look(watch);
  RuntimeCounters counters;
  counters.live = 5;
  models.apply({kOne, 2000, CountersRead{counters, std::nullopt}});
  watch.look(models, now + 1);
  EXPECT_FALSE(watch.seen().front().live);
  EXPECT_EQ(look(watch).live, 5u);
}

TEST_F(Watch, has_nothing_of_a_target_whose_window_is_over) {
  ModelsWatch watch({});
  models.apply({kOne, 3000, TargetEnded{}});
  watch.look(models, now);
  EXPECT_TRUE(watch.seen().empty());
}

}  // namespace
}  // namespace gorotrace
