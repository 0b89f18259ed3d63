#include "http/connection_deadlines.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

namespace gorotrace {

ConnectionDeadlines::Clock::time_point ConnectionDeadlines::until(Step step, Clock::time_point now) const {
  switch (step) {
    case Step::kRequest:
      return now + times_.request;
    case Step::kAnswer:
      return now + times_.answer;
    case Step::kBetween:
      return now + times_.between;
    case Step::kOurs:
      break;
  }
  return Clock::time_point::max();
}

void ConnectionDeadlines::opened(const void* id, int fd, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  connections_[id] = {fd, until(Step::kRequest, now), true};
}

void ConnectionDeadlines::at(const void* id, Step step, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  found->second.until = until(step, now);
  found->second.theirs = step == Step::kRequest || step == Step::kBetween;
}

void ConnectionDeadlines::closed(const void* id) {
  const std::lock_guard lock(mutex_);
  connections_.erase(id);
}

void ConnectionDeadlines::end_overdue(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  shorten_those_at_their_end(now);
  for (auto& [id, connection] : connections_) {
    if (connection.until > now) continue;
    shutdown(connection.fd, SHUT_RDWR);
    connection.until = Clock::time_point::max();
    connection.theirs = false;
  }
}

void ConnectionDeadlines::shorten_those_at_their_end(Clock::time_point now) {
  std::vector<pollfd> seen;
  seen.reserve(connections_.size());
  for (const auto& [id, connection] : connections_)
    seen.push_back({connection.theirs ? connection.fd : -1, POLLRDHUP, 0});
  if (poll(seen.data(), seen.size(), 0) <= 0) return;
  auto at = seen.begin();
  for (auto& [id, connection] : connections_) {
    const pollfd& of_it = *at++;
    int unread = 0;
    if ((of_it.revents & POLLRDHUP) != 0 && ioctl(of_it.fd, FIONREAD, &unread) == 0 && unread == 0)
      connection.until = std::min(connection.until, now + kAfterTheEnd);
  }
}

std::size_t ConnectionDeadlines::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

}  // namespace gorotrace
