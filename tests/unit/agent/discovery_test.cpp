// Which processes are looked at, and when; and that nothing is lost that is not counted.
#include "agent/discovery.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSize = std::uint64_t{1} << 30, kRuntime = Discovery::kRuntimeTakes;

class DiscoveryTest : public ::testing::Test {
 protected:
  void work_after(std::chrono::nanoseconds time) {
    now_ += time;
    discovery_.work(now_);
  }
  std::vector<pid_t> looked_at() { return std::exchange(looked_at_, {}); }
  std::vector<pid_t> looked_at_again() { return std::exchange(looked_at_again_, {}); }
  // At the start, and until the programs that there are then are young no more.
  void settle() {
    for (int i = 0; i < 30; ++i) work_after(i == 0 ? 0s : 1s);
    looked_at();
  }

  std::map<pid_t, SeenProgram> processes_ = {{1, {{1, 100}, kSize}}, {2, {{2, 200}, kSize}}};
  std::vector<pid_t> looked_at_, looked_at_again_;
  MonotonicTime now_{1h};
  Discovery discovery_{{[this] {
                          std::vector<pid_t> out;
                          for (const auto& [pid, program] : processes_) out.push_back(pid);
                          return out;
                        },
                        [this](pid_t pid) {
                          const auto at = processes_.find(pid);
                          return at == processes_.end() ? std::nullopt : std::optional(at->second);
                        }},
                       60s,
                       [this](pid_t pid, LookFor wanted) {
                         (wanted == LookFor::kProgram ? looked_at_ : looked_at_again_).push_back(pid);
                       }};
};
using Pids = std::vector<pid_t>;

TEST_F(DiscoveryTest, WhatRunsAtTheStartIsLookedAtOnce) {
  EXPECT_LE(discovery_.next(), now_);
  work_after(0s);
  EXPECT_EQ(looked_at(), (Pids{1, 2}));
  work_after(61s);
  EXPECT_EQ(looked_at(), Pids{});
  EXPECT_EQ(discovery_.counts().scans, 2u);
}

TEST_F(DiscoveryTest, NothingIsDoneBeforeItIsDue) {
  settle();
  EXPECT_EQ(discovery_.next(), MonotonicTime(1h) + 60s);
}

TEST_F(DiscoveryTest, AProgramIsLookedAtOnceItHasSettled) {
  work_after(0s);
  looked_at();
  processes_[3] = {{3, 300}, kSize};
  discovery_.executed({3}, now_);
  EXPECT_EQ(discovery_.next(), now_ + Discovery::kSettle);
  work_after(100ms);
  EXPECT_EQ(looked_at(), Pids{});
  work_after(200ms);
  EXPECT_EQ(looked_at(), Pids{3});
  EXPECT_EQ(discovery_.counts().executed, 1u);
}

TEST_F(DiscoveryTest, OneThatEndsBeforeIsCounted) {
  work_after(0s);
  looked_at();
  discovery_.executed({3, 4}, now_);
  work_after(1s);
  EXPECT_EQ(looked_at(), Pids{});
  EXPECT_EQ(discovery_.counts().short_lived, 2u);
}

TEST_F(DiscoveryTest, AKnownProcessThatExecutesIsLookedAtAgain) {
  work_after(0s);
  looked_at();
  discovery_.executed({2}, now_);  // the same addresses, without their randomisation
  work_after(1s);
  EXPECT_EQ(looked_at(), Pids{2});
}

TEST_F(DiscoveryTest, AScanFindsWhatWasNotToldOf) {
  work_after(0s);
  looked_at();
  processes_[3] = {{3, 300}, kSize};   // new
  processes_[2] = {{2, 201}, kSize};   // executed another program
  processes_[1] = {{50, 100}, kSize};  // the number is another process's
  work_after(60s);
  EXPECT_EQ(looked_at(), Pids{}) << "it settles first";
  work_after(1s);
  EXPECT_EQ(looked_at(), (Pids{1, 2, 3}));
}

TEST_F(DiscoveryTest, ALossOfTheKernelsBringsAScan) {
  work_after(0s);
  looked_at();
  now_ += 10s;
  processes_[3] = {{3, 300}, kSize};
  discovery_.lost_by_kernel(5, now_);
  EXPECT_LE(discovery_.next(), now_);
  discovery_.work(now_);
  work_after(1s);
  EXPECT_EQ(looked_at(), Pids{3});
  EXPECT_EQ(discovery_.counts().lost, 5u);
  discovery_.lost_by_kernel(5, now_);  // in all
  EXPECT_EQ(discovery_.counts().lost, 5u);
  EXPECT_EQ(discovery_.counts().scans, 2u);
}

TEST_F(DiscoveryTest, TooManyAtOnceAreCountedAndFoundByAScan) {
  work_after(0s);
  looked_at();
  Pids all;
  for (pid_t pid = 10; pid < 10 + 2 * static_cast<pid_t>(Discovery::kMostQueued); ++pid) {
    all.push_back(pid);
    processes_[pid] = {{static_cast<std::uint64_t>(pid), 7}, kSize};
  }
  discovery_.executed(all, now_);
  EXPECT_EQ(discovery_.counts().lost, Discovery::kMostQueued);
  for (int i = 0; i < 10; ++i) work_after(1s);
  EXPECT_EQ(looked_at().size(), all.size());
  EXPECT_EQ(discovery_.counts().executed, all.size());
  EXPECT_EQ(discovery_.counts().looked_at, all.size() + 2);
}

TEST_F(DiscoveryTest, ScansDoNotFollowEachOther) {
  work_after(0s);
  for (std::uint64_t lost = 1; lost < 20; ++lost) {
    discovery_.lost_by_kernel(lost, now_);
    work_after(10ms);
  }
  EXPECT_EQ(discovery_.counts().scans, 1u);
  work_after(1s);
  EXPECT_EQ(discovery_.counts().scans, 2u);
}

TEST_F(DiscoveryTest, OnceMoreAtATime) {
  settle();
  discovery_.again(2, now_ + 2s);
  discovery_.again(1, now_ + 4s);
  EXPECT_EQ(discovery_.next(), now_ + 2s);
  work_after(2s);
  EXPECT_EQ(looked_at_again(), Pids{2});
  EXPECT_EQ(discovery_.next(), now_ + 2s);
  work_after(2s);
  EXPECT_EQ(looked_at_again(), Pids{1});
  processes_[1] = {{1, 101}, kSize};  // executes another program meanwhile
  discovery_.again(1, now_ + 2s);
  work_after(2s);
  EXPECT_EQ(looked_at(), Pids{1});
}

TEST_F(DiscoveryTest, AYoungProgramThatLoadsALibraryIsLookedAtSoon) {
  work_after(0s);
  looked_at();
  processes_[3] = {{3, 300}, kSize};
  discovery_.executed({3}, now_);
  work_after(250ms);
  EXPECT_EQ(looked_at(), Pids{3});
  processes_[3].addresses += kRuntime;
  work_after(2s);
  EXPECT_EQ(looked_at_again(), Pids{3});
  processes_[3].addresses += kRuntime - 1;  // its heap, its threads
  work_after(6s);
  EXPECT_EQ(looked_at_again(), Pids{});
  ++processes_[3].addresses;
  work_after(21s);
  EXPECT_EQ(looked_at_again(), Pids{3});
  EXPECT_EQ(looked_at(), Pids{});
  EXPECT_EQ(discovery_.counts().grown, 2u);
}

TEST_F(DiscoveryTest, AnOldOneIsLookedAtByAScan) {
  settle();
  processes_[2].addresses += 2 * kRuntime;
  work_after(20s);
  EXPECT_EQ(looked_at_again(), Pids{});
  work_after(20s);
  EXPECT_EQ(looked_at_again(), Pids{2});
  work_after(60s);
  EXPECT_EQ(looked_at_again(), Pids{}) << "as large as it was then";
}

TEST_F(DiscoveryTest, WhatAProgramGaveBackBeforeHidesNoLibrary) {
  settle();
  processes_[2].addresses -= 3 * kRuntime;
  work_after(60s);
  processes_[2].addresses += kRuntime;
  work_after(60s);
  EXPECT_EQ(looked_at_again(), Pids{2});
}

TEST_F(DiscoveryTest, AYoungProgramThatEndsIsNotAskedForAgain) {
  settle();
  processes_[3] = {{3, 300}, kSize};
  discovery_.executed({3}, now_);
  work_after(1s);
  EXPECT_EQ(looked_at(), Pids{3});
  processes_[3] = {{4, 300}, kSize + kRuntime};  // the number is another process's
  work_after(2s);
  processes_.erase(3);
  work_after(6s);
  work_after(21s);
  EXPECT_EQ(looked_at_again(), Pids{});
}

TEST_F(DiscoveryTest, ManyYoungOnesWakeUsTogether) {
  settle();
  for (pid_t pid = 10; pid < 20; ++pid) {
    now_ += 30ms;
    processes_[pid] = {{static_cast<std::uint64_t>(pid), 7}, kSize};
    discovery_.executed({pid}, now_);
  }
  int wakes = 0;
  for (const MonotonicTime end = now_ + 2s; discovery_.next() < end; ++wakes) {
    now_ = discovery_.next();
    discovery_.work(now_);
  }
  EXPECT_LE(wakes, 12);  // a look each, and two for their growth
}

}  // namespace
}  // namespace gorotrace
