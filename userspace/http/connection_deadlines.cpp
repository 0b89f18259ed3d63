#include "http/connection_deadlines.h"

#include <sys/socket.h>

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
  connections_[id] = {fd, until(Step::kRequest, now)};
}

void ConnectionDeadlines::at(const void* id, Step step, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (const auto found = connections_.find(id); found != connections_.end())
    found->second.until = until(step, now);
}

void ConnectionDeadlines::closed(const void* id) {
  const std::lock_guard lock(mutex_);
  connections_.erase(id);
}

void ConnectionDeadlines::end_overdue(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, connection] : connections_) {
    if (connection.until > now) continue;
    shutdown(connection.fd, SHUT_RDWR);
    connection.until = Clock::time_point::max();
  }
}

std::size_t ConnectionDeadlines::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

}  // namespace gorotrace
