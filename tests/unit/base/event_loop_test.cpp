#include "base/event_loop.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds run(EventLoop& loop) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(loop.run().has_value());
  return std::chrono::steady_clock::now() - begin;
}

TEST(EventLoop, WaitsForATime) {
  auto loop = EventLoop::make().value();
  loop.timers().at(loop.timers().now() + 30ms, [&] { loop.stop(); });
  const auto took = run(loop);
  EXPECT_GE(took, 30ms);
  EXPECT_LT(took, 10s);
}

TEST(EventLoop, ATimeThatHasPassedIsNotWaitedFor) {
  auto loop = EventLoop::make().value();
  for (const auto late : {1ns, 1'000'000ns, 3'600'000'000'000ns, 9'000'000'000'000'000'000ns}) {
    loop.timers().at(loop.timers().now() - late, [&] { loop.stop(); });
    EXPECT_LT(run(loop), 900ms) << late.count();
  }
}

// The clock stands before what the kernel calls now, or far behind it: neither may end in a wait without end.
TEST(EventLoop, AWaitHasABoundWhateverTheClockSays) {
  for (const MonotonicTime odd : {MonotonicTime{}, MonotonicTime{std::chrono::hours(24 * 365 * 200)}}) {
    std::atomic<MonotonicTime> now = odd;
    auto loop = EventLoop::make([&] { return now.load(); }).value();
    loop.timers().at(odd + 1h, [&] { loop.stop(); });
    std::jthread later([&] {
      std::this_thread::sleep_for(20ms);
      now = odd + 2h;
    });
    EXPECT_LT(run(loop), EventLoop::kLongestWait * 5);
  }
}

TEST(EventLoop, WhatIsReadableIsToldUntilItIsForgotten) {
  auto loop = EventLoop::make().value();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  int told = 0;
  ASSERT_TRUE(loop.on_readable(reader.get(),
                               [&] {
                                 if (++told == 3) loop.forget(reader.get());
                               })
                  .has_value());
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  loop.timers().at(loop.timers().now() + 50ms, [&] { loop.stop(); });
  run(loop);
  EXPECT_EQ(told, 3);
}

TEST(EventLoop, AnExitComesByItsPidfd) {
  auto loop = EventLoop::make().value();
  const pid_t child = fork();
  if (child == 0) _exit(7);
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  ASSERT_TRUE(pidfd);
  bool exited = false;
  ASSERT_TRUE(loop.on_readable(pidfd.get(),
                               [&] {
                                 exited = true;
                                 loop.stop();
                               })
                  .has_value());
  run(loop);
  EXPECT_TRUE(exited);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
}

// As gdb, Ctrl-Z and `docker pause` do to the tracer.
TEST(EventLoop, AProcessThatIsStoppedForAWhileGoesOn) {
  const pid_t child = fork();
  if (child == 0) {
    auto loop = EventLoop::make().value();
    int ticks = 0;
    loop.timers().every(10ms, [&] { ++ticks; });
    loop.timers().at(loop.timers().now() + 100ms, [&] { loop.stop(); });
    const bool ran = loop.run().has_value();
    _exit(ran && ticks > 0 && ticks < 30 && loop.overslept() > 150ms ? 42 : 1);
  }
  std::this_thread::sleep_for(30ms);
  kill(child, SIGSTOP);
  std::this_thread::sleep_for(400ms);
  kill(child, SIGCONT);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace gorotrace
