#include "cli/top_window.h"

#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace gorotrace {

std::vector<int> TopWindow::signals() {
  return {SIGTSTP, SIGCONT, SIGWINCH};
}

bool TopWindow::means(const signalfd_siginfo& info) {
  return std::ranges::count(signals(), static_cast<int>(info.ssi_signo)) != 0;
}

bool TopWindow::take(const signalfd_siginfo& info) {
  switch (static_cast<int>(info.ssi_signo)) {
    case SIGTSTP:
      stop_here();
      break;
    case SIGCONT:
      terminal_.recover();
      break;
    case SIGWINCH:
      terminal_.measure();
      terminal_.redraw_all();
      break;
    default:
      return false;
  }
  draw();
  return true;
}

// As SIGTSTP stops any process: the shell is told so. Where nobody could let us go on it does nothing.
void TopWindow::stop_here() {
  terminal_.leave();
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGTSTP);
  std::signal(SIGTSTP, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, &before);
  std::raise(SIGTSTP);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  terminal_.enter();
}

void TopWindow::draw() {
  terminal_.paint(screen_.draw(terminal_.lines(), terminal_.columns()));
}

void TopWindow::ask() {
  if (asked_ == screen_.wanted()) return;
  asked_ = screen_.wanted();
  feed_.want(*asked_);
}

void TopWindow::read_keys() {
  bool any = false;
  while (const auto key = terminal_.key()) {
    any = true;
    if (key->is(KeyPress::Kind::kRedraw)) terminal_.redraw_all();
    screen_.press(*key);
    if (screen_.over()) return loop_->stop();
  }
  // Readable without a byte: the terminal is gone.
  int waiting = 0;
  if (!any && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting == 0) return loop_->stop();
  ask();
  draw();
}

void TopWindow::read_documents() {
  for (TopUpdate& update : feed_.take()) screen_.take(std::move(update));
  draw();
}

Status TopWindow::run(StopSignal& stop) {
  auto loop = EventLoop::make();
  if (!loop) return std::unexpected(loop.error());
  loop_ = &*loop;
  auto watched = loop->on_readable(stop.fd(), [&] {
    if (stop.take()) loop->stop();
  });
  if (watched) watched = loop->on_readable(STDIN_FILENO, [this] { read_keys(); });
  if (watched) watched = loop->on_readable(feed_.fd(), [this] { read_documents(); });
  if (!watched) return watched;
  ask();
  draw();
  return loop->run();
}

}  // namespace gorotrace
