// An event loop that looks after a session as session.h demands: regular ticks, those that the session wants
// beside them, and one when a target exits. Threads: control thread.
#pragma once

#include <cstdint>
#include <functional>

#include "base/event_loop.h"
#include "base/result.h"
#include "session/session.h"

namespace gorotrace {

class SessionWatch {
 public:
  // tick: what is done at each, Session::tick() among it. Both outlive the loop's run. The loop ends once no
  // target is traced any more.
  SessionWatch(Session& session, EventLoop& loop, std::function<void()> tick)
      : session_(session), loop_(loop), tick_(std::move(tick)) {}

  // Of the targets that the session has now.
  [[nodiscard]] Status begin();

 private:
  void tick();

  Session& session_;
  EventLoop& loop_;
  const std::function<void()> tick_;
  std::uint64_t due_ns_ = 0;  // of the tick that was asked for last beside the regular ones
};

}  // namespace gorotrace
