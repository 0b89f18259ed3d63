#include "sibling.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "fake_go.h"

namespace gorotrace::testing {
namespace {

constexpr char kEnvironment[] = "GT_SIBLING=";
constexpr int kFrom = 3, kTo = 4;            // descriptors that it reads commands from and answers to
constexpr std::uint32_t kExec = 0xffffffff;  // instead of a site

struct Command {
  std::uint32_t site, times;
  std::uint64_t g;
};

// Allocates nothing: behind a fork a lock may be held by a thread that is not here.
[[noreturn]] void obey() {
  Command command{};
  while (::read(kFrom, &command, sizeof command) == sizeof command) {
    if (command.site == kExec) {
      char program[] = "sibling";
      char* const arguments[] = {program, nullptr};
      char* const variables[] = {const_cast<char*>(kEnvironment), nullptr};
      ::execve("/proc/self/exe", arguments, variables);
      ::_exit(1);
    }
    for (std::uint32_t i = 0; i < command.times; ++i) testing::hit(command.site, {.arg0 = command.g});
    const char done = 0;
    if (::write(kTo, &done, 1) != 1) break;
  }
  ::_exit(0);
}

// Before main: an image that was executed for its sites runs no test.
__attribute__((constructor)) void obey_if_executed() {
  if (std::getenv("GT_SIBLING") == nullptr) return;
  const char ready = 0;
  if (::write(kTo, &ready, 1) == 1) obey();
  ::_exit(1);
}

}  // namespace

Sibling::Sibling() {
  std::array<int, 2> commands{}, answers{};
  if (::pipe(commands.data()) != 0 || ::pipe(answers.data()) != 0) std::abort();
  pid_ = ::fork();
  if (pid_ < 0) std::abort();
  if (pid_ == 0) {
    // Descriptors of links and of detaching (capture/detach.h) would live as long as it does.
    ::dup2(commands[0], kFrom);
    ::dup2(answers[1], kTo);
    ::close_range(kTo + 1, ~0u, 0);
    obey();
  }
  ::close(commands[0]);
  ::close(answers[1]);
  to_.reset(commands[1]);
  from_.reset(answers[0]);
}

Sibling::~Sibling() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Sibling::send(std::uint32_t site, std::uint32_t times, std::uint64_t g) {
  const Command command{site, times, g};
  char done = 0;
  if (::write(to_.get(), &command, sizeof command) != sizeof command || ::read(from_.get(), &done, 1) != 1)
    std::abort();
}

void Sibling::hit(std::size_t site, std::uint32_t times, std::uint64_t g) {
  send(static_cast<std::uint32_t>(site), times, g);
}

void Sibling::exec() {
  send(kExec, 0, 0);
}

}  // namespace gorotrace::testing
