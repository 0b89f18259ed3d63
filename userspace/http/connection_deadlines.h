// How long a client may take for each step: one that sends a byte now and then would hold a connection for
// ever, as a time-out of inactivity sees it. One that has closed its side and of which nothing is left to
// read sends no (whole) request any more: libmicrohttpd does not see that when the end came with the last
// bytes, as it waits for an edge. Threads: any.
#pragma once

#include <chrono>
#include <map>
#include <mutex>

namespace gorotrace {

struct ClientTimes {
  std::chrono::seconds request{
      10};  // from the connection, or a request's first line, to its end; TLS included
  std::chrono::seconds answer{60};      // to take an answer
  std::chrono::seconds between{120};    // from one request to the next
  std::chrono::seconds half_closed{5};  // to wait for our answer once the client has closed its side
};

class ConnectionDeadlines {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Step { kRequest, kOurs, kAnswer, kBetween };  // kOurs: the client waits for us
  // For what was read and is being looked at.
  static constexpr std::chrono::milliseconds kAfterTheEnd{500};

  explicit ConnectionDeadlines(ClientTimes times) : times_(times) {}

  // id: any address that is of one connection while it is open. fd: open until closed() has returned.
  void opened(const void* id, int fd, Clock::time_point now);
  void at(const void* id, Step step, Clock::time_point now);
  void closed(const void* id);
  // Called now and then. Shuts down those that took too long: whoever owns their descriptors finds them at
  // their end.
  void end_overdue(Clock::time_point now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Connection {
    int fd;
    Clock::time_point until;
    bool theirs;  // the client's turn to send
  };
  [[nodiscard]] Clock::time_point until(Step step, Clock::time_point now) const;
  void shorten_those_at_their_end(Clock::time_point now);  // under the mutex

  const ClientTimes times_;
  mutable std::mutex mutex_;
  std::map<const void*, Connection> connections_;
};

}  // namespace gorotrace
