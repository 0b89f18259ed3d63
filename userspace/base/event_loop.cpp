#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace gorotrace {
namespace {

Status add(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno(errno, "epoll_ctl");
  return {};
}

}  // namespace

Result<EventLoop> EventLoop::make(Timers::ClockFunction clock) {
  EventLoop loop(std::move(clock));
  loop.epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!loop.epoll_) return fail_errno(errno, "epoll_create1");
  loop.timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!loop.timer_) return fail_errno(errno, "timerfd_create");
  if (auto added = add(loop.epoll_.get(), loop.timer_.get()); !added) return std::unexpected(added.error());
  return loop;
}

Status EventLoop::on_readable(int fd, Action action) {
  if (auto added = add(epoll_.get(), fd); !added) return added;
  actions_[fd] = std::move(action);
  return {};
}

void EventLoop::forget(int fd) {
  if (actions_.erase(fd) != 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Status EventLoop::arm(MonotonicTime when) {
  // 0 would disarm it; no time before the machine's start is waited for.
  const auto since_start = std::max(when.time_since_epoch(), MonotonicTime::duration(1));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_start);
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(seconds.count());
  spec.it_value.tv_nsec = static_cast<long>((since_start - seconds).count());
  if (timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) != 0)
    return fail_errno(errno, "timerfd_settime");
  return {};
}

Status EventLoop::wait() {
  const MonotonicTime before = timers_.now();
  const MonotonicTime until =
      std::min(timers_.next().value_or(MonotonicTime::max()), before + MonotonicTime::duration(kLongestWait));
  if (auto armed = arm(until); !armed) return armed;
  std::array<epoll_event, 16> events;
  const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                           static_cast<int>(kLongestWait.count()));
  if (n < 0 && errno != EINTR) return fail_errno(errno, "epoll_wait");  // EINTR: SIGCONT, too
  if (until > before) overslept_ = std::max(overslept_, std::chrono::nanoseconds(timers_.now() - until));
  for (int i = 0; i < n && !stopped_; ++i) {
    const auto found = actions_.find(events[static_cast<std::size_t>(i)].data.fd);
    if (found == actions_.end()) continue;  // the timer, or forgotten meanwhile
    const Action action = found->second;    // it may forget itself
    action();
  }
  return {};
}

Status EventLoop::run() {
  stopped_ = false;
  while (!stopped_) {
    if (auto waited = wait(); !waited) return waited;
    timers_.run_due([this] { return !stopped_; });
  }
  return {};
}

}  // namespace gorotrace
