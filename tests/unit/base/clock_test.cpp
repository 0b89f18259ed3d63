#include "base/clock.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

namespace gorotrace {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kDay = 24 * 3600 * kSecond;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

TEST(TimeNamespace, ItsOffsetIsReadFromProc) {
  EXPECT_EQ(parse_monotonic_offset("monotonic           0         0\nboottime            0         0\n"), 0);
  EXPECT_EQ(parse_monotonic_offset("monotonic      864000         0\nboottime            0         0\n"),
            10 * kDay);
  // -0.25 s is -1 s and 750 ms: the kernel keeps the ns positive (kernel/time/namespace.c).
  EXPECT_EQ(parse_monotonic_offset("monotonic          -1 750000000\nboottime            0         0\n"),
            -kSecond / 4);
}

TEST(TimeNamespace, AnUnknownFormIsNoOffset) {
  for (const char* text : {"", "boottime 1 0\n", "monotonic\n", "monotonic 1 1000000000\n",
                           "monotonic 9223372036854775807 0\n", "monotonic 1 -1\n"})
    EXPECT_FALSE(parse_monotonic_offset(text)) << text;
}

TEST(TimeNamespace, AKernelWithoutThemHasNoOffset) {
  const auto directory = std::filesystem::temp_directory_path() / "gorotrace-clock-test-empty";
  std::filesystem::create_directories(directory);
  EXPECT_EQ(monotonic_offset(directory), 0);
}

// That of a process which has ended since it was opened: ESRCH. A directory's reads fail, too.
TEST(TimeNamespace, AFileThatCannotBeReadTellsNothing) {
  const auto directory = std::filesystem::temp_directory_path() / "gorotrace-clock-test-unreadable";
  std::filesystem::create_directories(directory / "timens_offsets");
  EXPECT_FALSE(monotonic_offset(directory));
  std::filesystem::remove_all(directory);
}

// What /proc/PID/timens_offsets tells of is the namespace of the process's children.
TEST(TimeNamespace, AnotherOneForTheChildrenLeavesTheOwnUnknown) {
  const auto directory = std::filesystem::temp_directory_path() / "gorotrace-clock-test-children";
  std::filesystem::create_directories(directory / "ns");
  for (const char* name : {"ns/time", "ns/time_for_children"}) std::ofstream(directory / name) << "";
  std::ofstream(directory / "timens_offsets") << "monotonic 5 0\n";
  EXPECT_FALSE(monotonic_offset(directory));
  std::filesystem::remove(directory / "ns/time_for_children");
  std::filesystem::create_hard_link(directory / "ns/time", directory / "ns/time_for_children");
  EXPECT_EQ(monotonic_offset(directory), 5 * kSecond);
  std::filesystem::remove_all(directory);
}

TEST(TargetClock, TakesItsOffsetOff) {
  EXPECT_EQ(TargetClock(10 * kDay).to_monotonic(10 * kDay + 3), 3);
  EXPECT_EQ(TargetClock(-900 * kSecond).to_monotonic(100 * kSecond), 1000 * kSecond);
  EXPECT_EQ(TargetClock().to_monotonic(7), 7);
}

TEST(TargetClock, WhatIsNoTimeStaysNone) {
  EXPECT_FALSE(TargetClock(-5).to_monotonic(0));
  EXPECT_FALSE(TargetClock(-5).to_monotonic(-1));
  EXPECT_FALSE(TargetClock(10 * kDay).to_monotonic(9 * kDay)) << "before the boot";
  EXPECT_FALSE(TargetClock(std::nullopt).to_monotonic(7)) << "the offset is not known";
}

TEST(TargetClock, NeverStaysNever) {
  EXPECT_EQ(TargetClock(10 * kDay).to_monotonic(kNever), kNever);
  EXPECT_EQ(TargetClock(-10 * kDay).to_monotonic(kNever - 1), kNever);
}

TEST(Clock, SteadyTimeIsWhatTheStandardLibraryReads) {
  const auto before = std::chrono::steady_clock::now();
  const auto now = steady_time(monotonic_ns());
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::steady_clock::now());
}

}  // namespace
}  // namespace gorotrace
