// Several Go runtimes of one process beside each other, each under its id.
#include "agent/target_table.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

KnownTarget known(pid_t pid, const std::string& id, WatchState state = WatchState::kStarting) {
  KnownTarget out;
  out.info.pid = pid;
  out.info.id = id;
  out.info.state = state;
  return out;
}

std::vector<std::string> ids(const std::vector<KnownTarget>& targets) {
  std::vector<std::string> out;
  for (const KnownTarget& target : targets) out.push_back(target.info.id);
  return out;
}
using Ids = std::vector<std::string>;

TEST(TargetTable, RuntimesOfAProcessStandBesideEachOther) {
  TargetTable table;
  for (const char* id : {"7-99-7f00", "7-99", "7-99-7e00"}) table.put(known(7, id));
  table.put(known(17, "17-5"));
  EXPECT_EQ(ids(table.of(7)), (Ids{"7-99", "7-99-7e00", "7-99-7f00"}));
  EXPECT_EQ(ids(table.all()), (Ids{"7-99", "7-99-7e00", "7-99-7f00", "17-5"}));
  EXPECT_EQ(table.find("7-99-7f00")->info.pid, 7);
  for (const char* id : {"7", "7-", "7-99-", "7-98", "17-99", "", "x-99"}) EXPECT_FALSE(table.find(id)) << id;
  EXPECT_EQ(table.erase(7, "7-99"), 1u);
  EXPECT_EQ(table.erase(7, "7-99"), 0u);
  EXPECT_EQ(ids(table.of(7)), (Ids{"7-99-7e00", "7-99-7f00"}));
  EXPECT_EQ(table.erase(7), 2u);
  EXPECT_EQ(table.erase(7), 0u);
  EXPECT_EQ(ids(table.all()), Ids{"17-5"});
}

TEST(TargetTable, OfTheSameRuntimeItStaysKnownSinceWhen) {
  TargetTable table;
  table.put(known(7, "7-99"));
  const std::uint64_t since_ns = table.find("7-99")->info.since_ns;
  table.put(known(7, "7-99-7f00"));
  table.put(known(7, "7-99", WatchState::kRefused));
  EXPECT_EQ(table.find("7-99")->info.state, WatchState::kRefused);
  EXPECT_EQ(table.find("7-99")->info.since_ns, since_ns);
  EXPECT_GE(table.find("7-99-7f00")->info.since_ns, since_ns);
}

}  // namespace
}  // namespace gorotrace
