#include "cli/stop_signal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace gorotrace {
namespace {

// Signals are the process's: each case has one of its own. Returns its wait status.
template <typename Body>
int in_a_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(StopSignal, TappedTwiceIsOneWish) {
  const int status = in_a_child([] {
    auto stop = StopSignal::make();
    if (!stop || stop->wait(0)) return 1;
    std::raise(SIGINT);
    if (!stop->wait(0)) return 2;
    std::raise(SIGINT);
    std::raise(SIGTERM);
    return stop->wait(0) ? 42 : 3;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(StopSignal, AnotherOneLaterEndsTheProcess) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const int status = in_a_child([&] {
      auto stop = StopSignal::make();
      if (!stop) return 1;
      std::raise(SIGINT);
      if (!stop->wait(0)) return 2;
      std::this_thread::sleep_for(std::chrono::nanoseconds(StopSignal::kGraceNs));
      std::raise(signal);
      return 3;
    });
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal);
  }
}

TEST(StopSignal, OneThatCameBeforeItWasAskedForIsNotLost) {
  const int status = in_a_child([] {
    auto stop = StopSignal::make();
    if (!stop) return 1;
    std::raise(SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return stop->wait(0) ? 42 : 2;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace gorotrace
