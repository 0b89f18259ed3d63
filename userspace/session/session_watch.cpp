#include "session/session_watch.h"

#include <chrono>

#include "base/clock.h"

namespace gorotrace {

Status SessionWatch::begin() {
  if (session_.urgent_fd() >= 0) {
    auto watched = loop_.on_readable(session_.urgent_fd(), [this] { tick(); });
    if (!watched) return watched;
  }
  for (const TargetId target : session_.targets()) {
    const int exit = session_.target(target).process().exit_fd();
    auto watched = loop_.on_readable(exit, [this, exit] {
      loop_.forget(exit);
      tick();
    });
    if (!watched) return watched;
  }
  loop_.timers().every(std::chrono::milliseconds(Session::kTickMs), [this] { tick(); });
  return {};
}

void SessionWatch::tick() {
  tick_();
  if (!session_.any_traced()) loop_.stop();
  const auto due = session_.due_ns();
  if (!due || *due == due_ns_) return;
  due_ns_ = *due;
  loop_.timers().at(steady_time(*due), [this] { tick(); });
}

}  // namespace gorotrace
