#include "cli/startup.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace gorotrace {
namespace {

bool is_ignored(int signal) {
  struct sigaction now{};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

TEST(Startup, AFileThatIsTooLargeIsAnErrorForUsAndASignalForWhomWeStart) {
  const pid_t child = ::fork();  // signals are the process's
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_DFL);
    const Inherited inherited = prepare_process();
    if (!is_ignored(SIGXFSZ)) ::_exit(1);
    ::_exit(inherited.restore() && !is_ignored(SIGXFSZ) ? 42 : 2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace gorotrace
