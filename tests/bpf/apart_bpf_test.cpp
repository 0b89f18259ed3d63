#include "capture/apart.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/unique_fd.h"

namespace gorotrace {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(RunApart, AnotherProcessInTheSameMemory) {
  pid_t pid = 0, session = 0;
  ASSERT_TRUE(run_apart(Descriptors::kShared, [&] {
    pid = ::getpid();
    session = ::getsid(0);
  }));
  EXPECT_NE(pid, ::getpid());
  EXPECT_EQ(session, pid) << "what kills our process group must not reach it";
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1) << "not reaped";
}

TEST(RunApart, SharedDescriptorsAreOurs) {
  UniqueFd opened;
  ASSERT_TRUE(run_apart(Descriptors::kShared, [&] { opened = UniqueFd(::open("/dev/null", O_RDONLY)); }));
  EXPECT_TRUE(is_open(opened.get()));
}

TEST(RunApart, CopiedDescriptorsStayOpenHere) {
  const UniqueFd kept(::open("/dev/null", O_RDONLY));
  ASSERT_TRUE(run_apart(Descriptors::kCopied, [&] { ::close(kept.get()); }));
  EXPECT_TRUE(is_open(kept.get()));
}

TEST(RunApart, SignalsThatCanBeBlockedDoNotReachIt) {
  bool done = false;
  ASSERT_TRUE(run_apart(Descriptors::kShared, [&] {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::kill(::getpid(), signal);
    done = true;
  }));
  EXPECT_TRUE(done);
}

TEST(RunApart, ItsOwnDeathIsAnError) {
  EXPECT_FALSE(run_apart(Descriptors::kShared, [] { ::kill(::getpid(), SIGKILL); }));
}

TEST(RunApart, SignalsAreAsBefore) {
  sigset_t before, after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  ASSERT_TRUE(run_apart(Descriptors::kShared, [] {}));
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < SIGRTMIN; ++signal)
    EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal)) << signal;
}

// What detaching is built on, and attaching: the work goes on when the process that asked for it is killed.
TEST(RunApart, OutlivesWhoAskedForIt) {
  std::array<int, 2> from_it{}, to_it{};
  ASSERT_EQ(::pipe2(from_it.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(to_it.data(), O_CLOEXEC), 0);
  const pid_t asking = ::fork();
  ASSERT_GE(asking, 0);
  if (asking == 0) {
    (void)run_apart(Descriptors::kShared, [&] {
      char byte = 'a';
      if (::write(from_it[1], &byte, 1) == 1 && ::read(to_it[0], &byte, 1) == 1)
        (void)!::write(from_it[1], &byte, 1);
    });
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(from_it[0], &byte, 1), 1);
  ::kill(asking, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(asking, &status, 0), asking);
  EXPECT_TRUE(WIFSIGNALED(status));
  byte = 'b';
  ASSERT_EQ(::write(to_it[1], &byte, 1), 1);
  ::close(from_it[1]);
  ASSERT_EQ(::read(from_it[0], &byte, 1), 1) << "it died with who asked";
  EXPECT_EQ(byte, 'b');
}

}  // namespace
}  // namespace gorotrace
