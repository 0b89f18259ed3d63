// Programs of the system, started for real.
#include "process/spawn.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "process/process.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

using testing::HasSubstr;

class Spawn : public testing::Test {
 protected:
  Spawn() {
    std::string name = testing::TempDir() + "spawn_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~Spawn() override { std::filesystem::remove_all(folder_); }

  Result<std::unique_ptr<SpawnedProcess>> start(std::vector<std::string> words) {
    return SpawnedProcess::start({std::move(words), std::nullopt, inherited_});
  }
  static ProgramEnd end_of(SpawnedProcess& process) {
    pollfd ended{process.exit_fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
    return process.ended().value_or(ProgramEnd{true, 0});
  }
  std::string script(const std::string& text, mode_t mode) {
    const std::string path = folder_ / "script";
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  const Inherited inherited_ = Inherited::now();
  std::filesystem::path folder_;
};

TEST_F(Spawn, ItIsHeldAtItsExecUntilItIsLetGo) {
  const std::string file = folder_ / "ran";
  const auto process = start({"touch", file});
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_TRUE((*process)->held());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(std::filesystem::exists(file));
  const auto opened = Process::open((*process)->pid());  // what runs is the program already
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_THAT((*opened)->executable(), HasSubstr("/bin/"));
  EXPECT_EQ((*process)->interpreter(), "");
  ASSERT_TRUE((*process)->let_go());
  EXPECT_EQ(end_of(**process).exit_status(), 0);
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(Spawn, OneThatIsNotLetGoIsKilledAndHasRunNothing) {
  const std::string file = folder_ / "ran";
  pid_t pid = 0;
  {
    const auto process = start({"touch", file});
    ASSERT_TRUE(process) << process.error().message;
    pid = (*process)->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Spawn, HowItEnds) {
  const auto exits = start({"/bin/sh", "-c", "exit 7"});
  ASSERT_TRUE(exits) << exits.error().message;
  EXPECT_FALSE((*exits)->ended());
  ASSERT_TRUE((*exits)->let_go());
  EXPECT_EQ(end_of(**exits).exit_status(), 7);
  const auto killed = start({"/bin/sh", "-c", "kill -TERM $$"});
  ASSERT_TRUE(killed) << killed.error().message;
  ASSERT_TRUE((*killed)->let_go());
  const ProgramEnd end = end_of(**killed);
  EXPECT_TRUE(end.by_signal);
  EXPECT_EQ(end.exit_status(), 128 + SIGTERM);
}

TEST_F(Spawn, ASignalThatComesWhileItIsHeldComesToTheProgram) {
  const auto process = start({"/bin/sleep", "60"});
  ASSERT_TRUE(process) << process.error().message;
  (*process)->send(SIGTERM);
  ASSERT_TRUE((*process)->let_go());
  EXPECT_EQ(end_of(**process).exit_status(), 128 + SIGTERM);
}

TEST_F(Spawn, ItsStopsAreTold) {
  const auto process = start({"/bin/sh", "-c", "kill -STOP $$; exit 3"});
  ASSERT_TRUE(process) << process.error().message;
  ASSERT_TRUE((*process)->let_go());
  for (int i = 0; i < 1000 && !(*process)->was_stopped(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE((*process)->was_stopped());  // told once
  EXPECT_FALSE((*process)->has_ended());
  (*process)->send(SIGCONT);
  EXPECT_EQ(end_of(**process).exit_status(), 3);
}

TEST_F(Spawn, WhyThereIsNoProgram) {
  EXPECT_THAT(start({folder_ / "missing"}).error().message, HasSubstr("No such file"));
  EXPECT_THAT(start({script("x", 0644)}).error().message, HasSubstr("Permission denied"));
}

TEST_F(Spawn, WhoRunsAScriptIsTold) {
  const auto process = start({script("#!/bin/sh\nexit 0\n", 0755)});
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_THAT((*process)->interpreter(), HasSubstr("/bin/"));
}

TEST_F(Spawn, RightsThatItsUserHasNotAreRefused) {
  const std::string path = folder_ / "sleep";
  std::filesystem::copy_file("/bin/sleep", path);
  ::chmod(path.c_str(), 04755);
  EXPECT_EQ(start({path, "1"}).error().kind, ErrorKind::kUnsupported);
  ::chmod(path.c_str(), 02755);
  EXPECT_THAT(start({path, "1"}).error().message, HasSubstr("set-group-ID"));
}

TEST_F(Spawn, SignalsAndLimitsAreAsTheyWereBeforeWeChangedThem) {
  std::signal(SIGUSR2, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ASSERT_EQ(sigprocmask(SIG_BLOCK, &blocked, nullptr), 0);
  const Inherited given = Inherited::now();
  std::signal(SIGUSR2, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(sigprocmask(SIG_BLOCK, &blocked, nullptr), 0);
  const auto process = SpawnedProcess::start({{"/bin/sleep", "60"}, std::nullopt, given});
  sigprocmask(SIG_SETMASK, &given.mask, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  ASSERT_TRUE(process) << process.error().message;
  const auto status = procfs::read_file((*process)->pid(), "status");
  ASSERT_TRUE(status);
  const auto mask_of = [&](const char* name) {
    return std::stoull(status->substr(status->find(name) + 7), nullptr, 16);
  };
  EXPECT_EQ(mask_of("SigBlk:"), 1ull << (SIGUSR1 - 1));
  EXPECT_TRUE((mask_of("SigIgn:") & (1ull << (SIGUSR2 - 1))) != 0);
  EXPECT_EQ(mask_of("SigIgn:") & (1ull << (SIGPIPE - 1)), 0u);
}

}  // namespace
}  // namespace gorotrace
