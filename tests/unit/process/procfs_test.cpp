#include "process/procfs.h"

#include <gtest/gtest.h>

namespace gorotrace::procfs {
namespace {

TEST(Stat, CommMayHoldAnything) {
  const std::string rest =
      " S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345 1000 100 18446744073709551615 1 2 140000000000 0 "
      "0";
  const auto stat = parse_stat("7 (a) R (b\x1b[2J) x)" + rest);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->threads, 9u);
  EXPECT_EQ(stat->start_time, 12345u);
  EXPECT_EQ(stat->start_code, 1u);
  EXPECT_EQ(stat->start_stack, 140000000000u);
  EXPECT_EQ(stat->comm.find('\x1b'), std::string::npos);
}

// A thread has no memory and no files from the middle of its exit on, some time before it is a zombie.
TEST(Stat, WhoIsAtItsEndHasExited) {
  const auto in = [](char state, std::uint32_t flags) {
    return Stat{.comm = "x", .state = state, .flags = flags}.has_exited();
  };
  EXPECT_FALSE(in('R', 4194560));
  EXPECT_TRUE(in('R', 4194560 | kExiting));
  EXPECT_TRUE(in('Z', 0));
  EXPECT_TRUE(in('X', 0));
}

// As seen of /bin/sleep, thousands of times: nothing, a first start of the stack, all.
TEST(Stat, AnExecIsOverWhenTheCodesPlaceIsSaid) {
  const auto in_exec = [](std::uint64_t code, std::uint64_t stack) {
    return Stat{.comm = "x", .start_code = code, .start_stack = stack}.in_exec();
  };
  EXPECT_TRUE(in_exec(0, 0x7ffd0000));
  EXPECT_FALSE(in_exec(0x400000, 0x7ffd0000));
  EXPECT_FALSE(in_exec(1, 0)) << "who may not know it";
  EXPECT_FALSE(in_exec(0, 0)) << "a zombie";
}

TEST(Stat, RefusesWhatIsCutOrGarbled) {
  EXPECT_FALSE(parse_stat("").has_value());
  EXPECT_FALSE(parse_stat("7 (x) S 1 2 3").has_value());
  EXPECT_FALSE(parse_stat(") 7 (").has_value());
}

TEST(TaskStatus, TakesTheInnermostNamespace) {
  const auto s = parse_status("Name:\tx\nTgid:\t900\nUid:\t0\t1000\t0\t0\nNSpid:\t900\t17\t1\n");
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->tgid, 900);
  EXPECT_EQ(s->namespace_pid, 1);
  EXPECT_EQ(s->uid, 1000u);
  EXPECT_EQ(parse_status("Tgid:\t5\nUid:\t1\t1\t1\t1\n")->namespace_pid, 5);
  EXPECT_FALSE(parse_status("Name:\tx\n").has_value());
}

TEST(Fdinfo, NamesTheProcessOfAPidfd) {
  EXPECT_EQ(parse_fdinfo_pid("pos:\t0\nflags:\t02000002\nmnt_id:\t16\nPid:\t4321\nNSpid:\t4321\t1\n"), 4321);
  EXPECT_EQ(parse_fdinfo_pid("Pid:\t-1\nNSpid:\t-1\n"), -1);
  EXPECT_EQ(parse_fdinfo_pid("NSpid:\t7\n"), std::nullopt);
}

TEST(UsedBytes, AreResidentSwappedAndHuge) {
  EXPECT_EQ(parse_used_bytes(
                "Name:\tVmRSS:\nVmHWM:\t 9 kB\nVmRSS:\t   20 kB\nVmSwap:\t 3 kB\nHugetlbPages:\t 2048 kB\n"),
            2071u * 1024);
  EXPECT_EQ(parse_used_bytes("VmRSS:\t20 kB\n"), 20u * 1024);
  EXPECT_FALSE(parse_used_bytes("Name:\tkworker\n").has_value());
}

TEST(ContainerId, OfEveryRuntimesPath) {
  const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const std::string other(64, 'a');
  for (const std::string& path : {"0::/docker/" + id, "0::/system.slice/docker-" + id + ".scope",
                                  "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope",
                                  "1:name=systemd:/kubepods/besteffort/pod7/" + id,
                                  "0::/../crio-" + id + ".scope", "0::/docker/" + other + "/docker/" + id}) {
    EXPECT_EQ(container_id(path + "\n"), id) << path;
  }
  EXPECT_EQ(container_id("0::/user.slice/session-1.scope\n"), "");
  EXPECT_EQ(container_id("0::/x/" + id + "0\n"), "");
}

}  // namespace
}  // namespace gorotrace::procfs
