// The files of /proc that client_golang reads, parsed, and our own process.
#include "agent/process_figures.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace gorotrace {
namespace {

TEST(ProcessFigures, FieldsOfStat) {
  ProcessFigures figures;
  ASSERT_TRUE(parse_stat_figures(
      "7 (a) b) (x) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 5 6 20 0 9 0 1000 4096 3 1 2", 500, figures));
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_EQ(figures.cpu_seconds, 200 / ticks);
  EXPECT_EQ(figures.start_seconds, 500 + 1000 / ticks);
  EXPECT_EQ(figures.virtual_bytes, 4096);
  EXPECT_EQ(figures.resident_bytes, 3 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  EXPECT_FALSE(parse_stat_figures("7 (x) S 1 2", 0, figures));
  EXPECT_FALSE(parse_stat_figures("", 0, figures));
}

TEST(ProcessFigures, Limits) {
  const char* limits =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max open files            1024                 524288               files     \n"
      "Max address space         unlimited            unlimited            bytes     \n";
  EXPECT_EQ(parse_soft_limit(limits, "Max open files"), 1024);
  EXPECT_EQ(parse_soft_limit(limits, "Max address space"), 18446744073709551615.0);
  EXPECT_EQ(parse_soft_limit(limits, "Max locks"), std::nullopt);
  EXPECT_EQ(parse_soft_limit("Max open files", "Max open files"), std::nullopt);
}

TEST(ProcessFigures, OfOurselves) {
  NetworkTraffic traffic;
  const auto figures = read_process_figures(getpid(), traffic);
  ASSERT_TRUE(figures);
  EXPECT_GT(figures->resident_bytes, 1e6);
  EXPECT_GE(figures->open_files.value_or(0), 3);
  EXPECT_GT(figures->start_seconds, 1.6e9);
  std::vector<MetricFamily> families;
  add_process_families(families, *figures);
  EXPECT_EQ(families.size(), 9u);
  const UniqueFd more(open("/dev/null", O_RDONLY | O_CLOEXEC));
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const auto again = read_process_figures(getpid(), traffic);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again->open_files, *figures->open_files + 1);
  EXPECT_EQ(*again->most_files, static_cast<double>(limit.rlim_cur));
  EXPECT_FALSE(read_process_figures(0x7fffffff, traffic));
}

}  // namespace
}  // namespace gorotrace
