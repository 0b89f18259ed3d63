#include "top/terminal_rescue.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <new>

namespace gorotrace {
namespace {

// Of a handler, which may call little and allocate nothing.
constexpr std::array kDeadly{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGSYS};
termios modes_before;
std::array<char, 512> reset_text;
std::size_t reset_size;
std::atomic<bool> taken;
int terminal_fd = -1, null_fd = -1;  // open for as long as the process lives
std::terminate_handler terminate_before;
std::new_handler new_before;

void rescue() {
  if (!taken.exchange(false)) return;
  // Another thread may be painting: from here on that goes nowhere.
  if (null_fd >= 0) (void)dup2(null_fd, STDOUT_FILENO);
  [[maybe_unused]] const ssize_t written = write(terminal_fd, reset_text.data(), reset_size);
  (void)tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
}

extern "C" void rescue_and_die(int signal) {
  rescue();
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // delivered when this handler returns
}

void rescue_and_terminate() {
  rescue();
  if (terminate_before != nullptr) terminate_before();
  std::abort();
}

void rescue_and_give_up() {
  rescue();
  if (new_before != nullptr) new_before();
  std::abort();
}

}  // namespace

void rescue_terminal(const termios& modes, const std::string& reset) {
  modes_before = modes;
  reset_size = std::min(reset.size(), reset_text.size());
  std::copy_n(reset.begin(), reset_size, reset_text.begin());
  if (terminal_fd < 0) {
    terminal_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  }
  if (taken.exchange(true)) return;
  static const bool handlers = [] {
    for (const int signal : kDeadly) {
      struct sigaction action{};
      action.sa_handler = rescue_and_die;
      sigaction(signal, &action, nullptr);
    }
    terminate_before = std::set_terminate(rescue_and_terminate);
    new_before = std::set_new_handler(rescue_and_give_up);
    return true;
  }();
  (void)handlers;
}

void forget_terminal() {
  taken = false;
}

}  // namespace gorotrace
