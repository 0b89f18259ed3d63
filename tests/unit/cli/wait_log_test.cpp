// The log of waits takes what its file takes, and holds up nobody.
#include "cli/wait_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

class WaitLogTest : public ::testing::Test {
 protected:
  WaitLogTest() {
    char pattern[] = "/tmp/wait_log.XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path = folder_ / "waits";
  }
  ~WaitLogTest() override { std::filesystem::remove_all(folder_); }

  void push(WaitLog& log, std::size_t n) {
    EndedWaits ended{target, {}};
    for (std::size_t i = 0; i < n; ++i) ended.waits.push_back({7, 1000, 1500 + i, 5, 1, false, false});
    log.queue().push(std::move(ended));
  }

  std::filesystem::path folder_, path;
  RunStacks stacks = [] {
    RunStacks of;
    of[4711];
    return of;
  }();
  std::shared_ptr<const TargetBegun> target = std::make_shared<const TargetBegun>(
      TargetBegun{.host_pid = 4711, .start_time_ticks = 0, .exe = {}, .wait_reasons = {"", "sle\"ep"}});
};

TEST_F(WaitLogTest, AFileGetsALineForEachWait) {
  auto log = WaitLog::open(path, stacks);
  ASSERT_TRUE(log) << log.error().message;
  push(**log, 1000);
  push(**log, 1);
  ASSERT_TRUE((*log)->close());
  std::ifstream file(path);
  std::string line;
  std::size_t lines = 0;
  while (std::getline(file, line)) {
    const auto wait = nlohmann::json::parse(line);
    EXPECT_EQ(wait.at("host_pid"), 4711);
    EXPECT_EQ(wait.at("reason"), "sle\"ep");
    EXPECT_EQ(wait.at("stack"), "s1");
    ++lines;
  }
  EXPECT_EQ(lines, 1001u);
}

TEST_F(WaitLogTest, WhatTheFileHeldIsKept) {
  std::ofstream(path) << "of yesterday";
  {
    auto log = WaitLog::open(path, stacks);
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ(std::filesystem::file_size(path), 12u) << "until the window is over, or a wait is";
  }
  EXPECT_EQ(std::filesystem::file_size(path), 12u) << "there was no window";
  auto log = WaitLog::open(path, stacks);
  ASSERT_TRUE(log) << log.error().message;
  ASSERT_TRUE((*log)->close());
  EXPECT_EQ(std::filesystem::file_size(path), 0u) << "no wait ended";
  EXPECT_EQ(std::filesystem::file_size(path.string() + ".old"), 12u);
}

TEST_F(WaitLogTest, AFileThatARecordingIsWrittenToIsSpared) {
  std::ofstream(path) << "of today";
  const auto recorder = ClaimedFile::open(path);
  ASSERT_TRUE(recorder);
  const auto log = WaitLog::open(path, stacks);
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().message, ::testing::HasSubstr("another recording is written to it"));
  EXPECT_EQ(std::filesystem::file_size(path), 8u);
}

TEST_F(WaitLogTest, AFifoThatNobodyOpensStopsNothing) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  auto log = WaitLog::open(path, stacks);
  ASSERT_TRUE(log) << log.error().message;
  for (int i = 0; i < 100; ++i) push(**log, 10'000);  // more than the queue holds
  const auto begin = std::chrono::steady_clock::now();
  const auto closed = (*log)->close();
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message, ::testing::HasSubstr("1000000 waits could not be written"));
  EXPECT_THAT(closed.error().message, ::testing::HasSubstr("nobody read it"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
}

TEST_F(WaitLogTest, AFifoThatNobodyDrainsStopsNothing) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto begin = std::chrono::steady_clock::now();
  auto log = WaitLog::open(path, stacks);
  ASSERT_TRUE(log) << log.error().message;
  push(**log, 10'000);  // 1 MB into 64 KiB
  const auto closed = (*log)->close();
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message, ::testing::HasSubstr("not read fast enough"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
}

TEST_F(WaitLogTest, AReaderThatComesLateGetsEverything) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  auto log = WaitLog::open(path, stacks);
  ASSERT_TRUE(log) << log.error().message;
  push(**log, 10'000);
  std::atomic<std::size_t> lines = 0;
  std::thread reader([&] {
    std::ifstream fifo(path);
    std::string line;
    while (std::getline(fifo, line)) ++lines;
  });
  while (lines == 0) std::this_thread::sleep_for(1ms);
  const auto closed = (*log)->close();
  reader.join();
  EXPECT_TRUE(closed) << closed.error().message;
  EXPECT_EQ(lines, 10'000u);
}

TEST_F(WaitLogTest, AFolderThatIsNotThereIsSaidAtOnce) {
  EXPECT_FALSE(WaitLog::open("/nowhere/at/all", stacks));
}

}  // namespace
}  // namespace gorotrace
