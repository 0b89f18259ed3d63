#include "export/pprof.h"

#include <gtest/gtest.h>

#include "dump_fixture.h"
#include "export/gzip.h"
#include "read_profile.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;

TEST(Gzip, RoundTrip) {
  std::string data;
  for (int i = 0; i < 200'000; ++i) data += std::to_string(i * 7919);
  for (const std::string& text : {std::string(), std::string("x"), data}) {
    const auto packed = gzip(text);
    ASSERT_TRUE(packed);
    EXPECT_EQ(gunzip(*packed), text);
  }
}

TEST(Pprof, OneSamplePerStackOneLocationPerPc) {
  FakeDump fake;
  const std::uint64_t leaf = fake.function("runtime.gopark"), f = fake.function("main.generic[...].func1"),
                      exit = fake.function("runtime.goexit");
  fake.innermost(f).type_arguments = "[go.shape.map[int]string]";
  fake.innermost(f).start_line = 40;
  fake.inline_into(f, "main.inner", 3);
  for (const std::uint64_t goid : {1, 2}) fake.goroutine(goid, {leaf, f, exit});
  GoroutineSnapshot& running = fake.goroutine(4, {});
  running.status = GStatus::kRunning;
  running.startpc = f;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto packed = pprof_profile(view, select(view, {}), {{0x1100, 0x1200, 0, "/usr/bin/server", "abcd"}});
  ASSERT_TRUE(packed);
  const Read profile = read(gunzip(*packed));
  EXPECT_EQ(profile.strings.at(0), "");
  EXPECT_EQ(profile.counts, (std::vector<std::int64_t>{2, 1}));
  ASSERT_EQ(profile.samples.size(), 2u);
  EXPECT_EQ(profile.samples[0].size(), 2u);  // runtime.goexit is no location
  EXPECT_EQ(profile.lines, (std::vector<std::size_t>{1, 2, 1, 1}));
  EXPECT_EQ(profile.mapping_of, (std::vector<std::uint64_t>{0, 1, 0, 0}));
  EXPECT_EQ(
      profile.functions,
      (std::vector<std::string>{"runtime.gopark", "main.inner", "main.generic[go.shape.map[int]string].func1",
                                "[stack unavailable: running]", "main.generic[...].func1"}));
  EXPECT_EQ(profile.start_lines, (std::vector<std::int64_t>{0, 0, 40, 0, 0}));
  ASSERT_FALSE(profile.comments.empty());
  EXPECT_EQ(profile.comments[0].rfind("gorotrace: 3 goroutines", 0), 0u);
}

}  // namespace
}  // namespace gorotrace
