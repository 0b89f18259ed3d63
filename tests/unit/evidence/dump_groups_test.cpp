#include "evidence/dump_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump_fixture.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;

TEST(DumpGroups, LabelsAsRuntimePprofWritesThem) {
  EXPECT_EQ(labels_text({{"b", "2"}, {"a", "x\"\\y"}}), R"({"a":"x\"\\y", "b":"2"})");
  EXPECT_EQ(labels_text({{"a", "x\x1b[1m"}}), "{\"a\":\"x\uFFFD[1m\"}");
  EXPECT_EQ(labels_text({}), "");
}

TEST(DumpGroups, LabelSetsAreToldApartByWhatTheySay) {
  FakeDump fake;
  const std::uint64_t park = fake.function("runtime.gopark"), exit = fake.function("runtime.goexit");
  fake.dump.waits.label_sets = {{}, {{"tenant", "a"}}, {{"tenant", "b"}}, {{"tenant", "a"}}};
  for (std::uint32_t i = 0; i < 8; ++i) {
    fake.goroutine(i + 1, {park, exit});
    fake.dump.waits.goroutines.emplace_back().labels = i % 4;
  }
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::vector<StackGroup> groups = group_by_stack(view, select(view, {}));
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].labels, R"({"tenant":"a"})") << "two sets that say the same";
  EXPECT_EQ(groups[0].count, 4u);
  EXPECT_EQ(groups[1].count + groups[2].count, 4u);
}

}  // namespace
}  // namespace gorotrace
