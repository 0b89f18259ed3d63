// Which targets share their probes: by file, number of targets, who else runs the file, and leave.
#include "session/link_sharing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace gorotrace {
namespace {

using ::testing::HasSubstr;

constexpr FileIdentity kServer{.device = 1, .inode = 10, .size = 100, .mtime_s = 5, .mtime_ns = 6};
constexpr FileIdentity kOther{.device = 1, .inode = 11, .size = 100, .mtime_s = 5, .mtime_ns = 6};
// kServer through another overlay.
constexpr FileIdentity kServerElsewhere{.device = 2, .inode = 10, .size = 100, .mtime_s = 5, .mtime_ns = 6};

struct Machine {
  std::map<pid_t, FileIdentity> runs;
  std::vector<pid_t> unreadable;
  std::size_t scans = 0;
  bool all_are_seen = true;

  // Processes `first`, `first` + 1, ...
  void start(pid_t first, std::size_t count, const FileIdentity& file) {
    for (std::size_t i = 0; i < count; ++i) runs[first + static_cast<pid_t>(i)] = file;
  }
  // Of a machine: by what each process runs.
  struct Sharing {
    const Machine& machine;
    LinkSharing of;
    LinkSharing::Decision add(pid_t pid) { return of.add(pid, machine.runs.at(pid)); }
  };
  Sharing sharing(const std::vector<pid_t>& targets, bool others_allowed = false) {
    LinkSharing made({.others_allowed = others_allowed}, {.users_of_file =
                                                              [this](pid_t, const FileIdentity& wanted) {
                                                                ++scans;
                                                                FileUsers users{{}, unreadable};
                                                                for (const auto& [pid, file] : runs)
                                                                  if (perhaps_same_file(file, wanted))
                                                                    users.pids.push_back(pid);
                                                                return users;
                                                              },
                                                          .all_are_seen = all_are_seen});
    for (const pid_t pid : targets) made.expect(pid, runs.at(pid));
    return {*this, std::move(made)};
  }
};

std::vector<pid_t> pids(pid_t first, std::size_t count) {
  std::vector<pid_t> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(first + static_cast<pid_t>(i));
  return out;
}

constexpr std::size_t kMany = LinkSharing::kOwnLinks + 1;

TEST(LinkSharing, EightTargetsOfAFileHaveTheirOwn) {
  Machine machine;
  machine.start(100, LinkSharing::kOwnLinks, kServer);
  machine.start(200, LinkSharing::kOwnLinks, kOther);
  auto targets = pids(100, LinkSharing::kOwnLinks);
  std::ranges::copy(pids(200, LinkSharing::kOwnLinks), std::back_inserter(targets));
  auto sharing = machine.sharing(targets);
  for (const pid_t pid : targets) {
    const auto decision = sharing.add(pid);
    EXPECT_EQ(decision.scope, LinkScope::kOwn);
    EXPECT_EQ(decision.notice, "");
  }
  EXPECT_EQ(machine.scans, 0u);
}

TEST(LinkSharing, MoreThatAreKnownToComeShareFromTheFirstOn) {
  Machine machine;
  machine.start(100, kMany, kServer);
  machine.start(200, 1, kOther);
  auto sharing = machine.sharing(pids(100, kMany));
  for (const pid_t pid : pids(100, kMany)) {
    const auto decision = sharing.add(pid);
    EXPECT_EQ(decision.scope, LinkScope::kShared);
    EXPECT_EQ(decision.joins, pid != 100);
    EXPECT_EQ(decision.notice, "");
  }
  EXPECT_EQ(sharing.add(200).scope, LinkScope::kOwn);
  EXPECT_EQ(machine.scans, 1u);
}

TEST(LinkSharing, OneByOneTheNinthIsTheFirstToShare) {
  Machine machine;
  auto sharing = machine.sharing({});
  for (const pid_t pid : pids(100, LinkSharing::kOwnLinks)) {
    machine.start(pid, 1, kServer);
    EXPECT_EQ(sharing.add(pid).scope, LinkScope::kOwn);
  }
  machine.start(300, 2, kServer);
  EXPECT_EQ(sharing.add(300).scope, LinkScope::kOwn) << "301 is nobody's target";
  machine.runs.erase(301);
  sharing.of.remove(300);
  const auto decision = sharing.add(300);
  EXPECT_EQ(decision.scope, LinkScope::kShared);
  EXPECT_FALSE(decision.joins);
}

TEST(LinkSharing, WhoLeavesCountsNoMore) {
  Machine machine;
  machine.start(100, kMany, kServer);
  auto sharing = machine.sharing({});
  for (const pid_t pid : pids(100, LinkSharing::kOwnLinks)) (void)sharing.add(pid);
  sharing.of.remove(100);
  machine.runs.erase(100);
  EXPECT_EQ(sharing.add(108).scope, LinkScope::kOwn);
  EXPECT_EQ(machine.scans, 0u);
}

TEST(LinkSharing, AProcessThatIsNoTargetForbidsItAndIsNamed) {
  Machine machine;
  machine.start(100, kMany + 1, kServer);
  auto sharing = machine.sharing(pids(100, kMany));
  for (const pid_t pid : pids(100, kMany)) {
    const auto decision = sharing.add(pid);
    EXPECT_EQ(decision.scope, LinkScope::kOwn);
    EXPECT_THAT(decision.notice, HasSubstr("9 targets run the same file"));
    EXPECT_THAT(decision.notice, HasSubstr("1 other process of the file (109)"));
    EXPECT_THAT(decision.notice, HasSubstr("--share-probes"));
  }
  EXPECT_EQ(machine.scans, 1u) << "each one more would be looked for anew";
}

TEST(LinkSharing, TheSameFileUnderAnotherOverlayForbidsItToo) {
  Machine machine;
  machine.start(100, kMany, kServer);
  machine.start(200, 1, kServerElsewhere);
  auto sharing = machine.sharing(pids(100, kMany));
  EXPECT_THAT(sharing.add(100).notice, HasSubstr("(200)"));
  // As a target it is no stranger. But its probes are of its own: that it is the same file is not certain.
  auto targets = pids(100, kMany);
  targets.push_back(200);
  auto with_it = machine.sharing(targets);
  EXPECT_EQ(with_it.add(100).scope, LinkScope::kShared);
  EXPECT_EQ(with_it.add(200).scope, LinkScope::kOwn);
}

TEST(LinkSharing, WhatCannotBeSeenForbidsIt) {
  Machine machine;
  machine.start(100, kMany, kServer);
  machine.unreadable = {1, 7};
  auto blind = machine.sharing(pids(100, kMany));
  EXPECT_THAT(blind.add(100).notice, HasSubstr("what process 1, 7 runs may not be asked"));
  machine.unreadable = {};
  machine.all_are_seen = false;
  auto inside = machine.sharing(pids(100, kMany));
  EXPECT_THAT(inside.add(100).notice, HasSubstr("PID namespace"));
}

TEST(LinkSharing, TheUserMayAllowIt) {
  Machine machine;
  machine.start(100, kMany + 5, kServer);
  machine.all_are_seen = false;
  auto sharing = machine.sharing(pids(100, kMany), true);
  const auto decision = sharing.add(100);
  EXPECT_EQ(decision.scope, LinkScope::kShared);
  EXPECT_EQ(decision.notice, "");
  EXPECT_EQ(machine.scans, 0u);
}

TEST(LinkSharing, ATargetOfAnotherFileIsAStrangerToThisOne) {
  Machine machine;
  machine.start(100, kMany, kServer);
  auto sharing = machine.sharing(pids(100, kMany));
  machine.runs[200] = kOther;
  (void)sharing.add(200);
  machine.runs[200] = kServer;  // it has loaded that as well
  EXPECT_THAT(sharing.add(100).notice, HasSubstr("1 other process of the file (200)"));
}

TEST(FileUsers, FindsThisProcessAndTellsFilesApart) {
  const auto own = executable_file(::getpid());
  ASSERT_TRUE(own);
  const FileUsers users = users_of_file(::getpid(), *own);
  EXPECT_THAT(users.pids, ::testing::Contains(::getpid()));
  EXPECT_THAT(users.pids, ::testing::Not(::testing::Contains(::getppid())));
  EXPECT_THAT(users.unknown, ::testing::IsEmpty());
  FileIdentity changed = *own;
  EXPECT_TRUE(perhaps_same_file(changed, *own));
  ++changed.device;
  EXPECT_TRUE(perhaps_same_file(changed, *own));
  ++changed.mtime_ns;
  EXPECT_FALSE(perhaps_same_file(changed, *own));
  EXPECT_FALSE(executable_file(0x7fff'fffe));
}

}  // namespace
}  // namespace gorotrace
