#include "process/hold.h"

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace gorotrace {
namespace {

TEST(WhatHolds, ADebuggerIsNamed) {
  const pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, WUNTRACED), child);
  EXPECT_EQ(what_holds(child), "held by a debugger or tracer (PID " + std::to_string(getpid()) + ")");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(WhatHolds, NothingHoldsWhoRunsOrIsNotThere) {
  EXPECT_EQ(what_holds(getpid()), "");
  EXPECT_EQ(what_holds(1 << 22), "");
}

constexpr const char* kBothVersions =
    "25 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "31 25 0:27 / /sys/fs/cgroup/freezer rw,relatime shared:9 - cgroup cgroup rw,freezer\n"
    "32 25 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n";

TEST(FreezerFiles, AreFoundWhereverTheFileSystemsAreMounted) {
  const auto files = freezer_files(kBothVersions, "6:freezer:/docker/4f\n2:cpu,cpuacct:/c\n0::/a.slice/b\n");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "/sys/fs/cgroup/freezer/docker/4f/freezer.state");
  EXPECT_EQ(files[0].cgroup, "/docker/4f");
  EXPECT_EQ(files[1].path, "/sys/fs/cgroup/unified/a.slice/b/cgroup.events");
}

TEST(FreezerFiles, OfAPartThatIsMountedBelowIt) {
  constexpr const char* kPart = "33 25 0:29 /kubepods /run/cgroups rw - cgroup2 none rw\n";
  const auto files = freezer_files(kPart, "0::/kubepods/pod7\n");
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].path, "/run/cgroups/pod7/cgroup.events");
  EXPECT_TRUE(freezer_files(kPart, "0::/system.slice/sshd\n").empty());
  EXPECT_TRUE(freezer_files(kPart, "0::/kubepods2/pod7\n").empty());
  EXPECT_EQ(freezer_files(kPart, "0::/kubepods\n").at(0).path, "/run/cgroups/cgroup.events");
}

TEST(FreezerFiles, WhatLiesOutsideOurCgroupNamespaceHasNone) {
  EXPECT_TRUE(freezer_files(kBothVersions, "0::/../other\n").empty());
  EXPECT_TRUE(freezer_files("", "0::/a\n").empty());
  EXPECT_TRUE(freezer_files("nonsense\n - cgroup2\n1 2 - cgroup2 none rw\n", "0::/a\n:\n::\n\n").empty());
}

TEST(SaysFrozen, InTheWordsOfBothVersions) {
  EXPECT_TRUE(says_frozen("populated 1\nfrozen 1\n"));
  EXPECT_FALSE(says_frozen("populated 1\nfrozen 0\n"));
  EXPECT_TRUE(says_frozen("FROZEN\n"));
  EXPECT_TRUE(says_frozen("FREEZING\n"));
  EXPECT_FALSE(says_frozen("THAWED\n"));
  EXPECT_FALSE(says_frozen(""));
}

}  // namespace
}  // namespace gorotrace
