#include "cli/stop_signal.h"

#include <gtest/gtest.h>
#include <poll.h>
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
    if (!stop || stop->take()) return 1;
    std::raise(SIGINT);
    if (!stop->take()) return 2;
    std::raise(SIGINT);
    std::raise(SIGTERM);
    return stop->take() ? 42 : 3;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(StopSignal, WhatAnotherOneTakesIsNoStop) {
  const int status = in_a_child([] {
    int came = 0;
    bool takes = true;
    auto stop = StopSignal::make({{SIGUSR1}, [&](const signalfd_siginfo& info) {
                                    came |= info.ssi_signo == SIGUSR1 ? 1 : 2;
                                    return takes;
                                  }});
    if (!stop) return 1;
    std::raise(SIGUSR1);
    std::raise(SIGTERM);
    if (stop->take() || came != 3) return 2;
    takes = false;
    std::raise(SIGTERM);
    return stop->take() == SIGTERM ? 42 : 3;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(StopSignal, AnotherOneLaterEndsTheProcess) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const int status = in_a_child([&] {
      auto stop = StopSignal::make();
      if (!stop) return 1;
      std::raise(SIGINT);
      if (!stop->take()) return 2;
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
    return stop->take() ? 42 : 2;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(StopSignal, SaysWhichOneCame) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const int status = in_a_child([&] {
      auto stop = StopSignal::make();
      if (!stop) return 1;
      pollfd readable{stop->fd(), POLLIN, 0};
      if (poll(&readable, 1, 0) != 0) return 2;
      std::raise(signal);
      if (poll(&readable, 1, 0) != 1) return 3;
      return stop->take() == signal ? 42 : 4;
    });
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 42);
  }
}

TEST(StopSignal, UnderNohupTheTerminalMayGo) {
  const int status = in_a_child([] {
    std::signal(SIGHUP, SIG_IGN);
    auto stop = StopSignal::make();
    if (!stop) return 1;
    std::raise(SIGHUP);
    return stop->take() ? 2 : 42;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(StopSignal, WhenNobodyAsksAnyMoreASignalEndsTheProcess) {
  const int status = in_a_child([] {
    {
      auto stop = StopSignal::make();
      if (!stop) return 1;
    }
    std::raise(SIGINT);
    return 2;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

// Ctrl-C while it attaches to what cannot be traced: that is still said.
TEST(StopSignal, OneThatCameAndWasNotAskedForCountsAsTheFirst) {
  const int status = in_a_child([] {
    {
      auto stop = StopSignal::make();
      if (!stop) return 1;
      std::raise(SIGINT);
    }
    std::raise(SIGINT);
    return 42;
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace gorotrace
