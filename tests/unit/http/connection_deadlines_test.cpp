#include "http/connection_deadlines.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/unique_fd.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;
using Step = ConnectionDeadlines::Step;

class Connection {
 public:
  Connection() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ours = UniqueFd(fds[0]);
    theirs = UniqueFd(fds[1]);
  }
  [[nodiscard]] bool ended() const {
    pollfd seen{theirs.get(), POLLRDHUP, 0};
    return poll(&seen, 1, 0) == 1;
  }
  UniqueFd ours, theirs;
};

TEST(ConnectionDeadlines, EachStepHasItsOwn) {
  ConnectionDeadlines deadlines({.request = 10s, .answer = 60s, .between = 120s});
  const ConnectionDeadlines::Clock::time_point begin{};
  Connection slow, waits, answered, idle;
  for (Connection* c : {&slow, &waits, &answered, &idle}) deadlines.opened(c, c->ours.get(), begin);
  deadlines.at(&waits, Step::kOurs, begin + 1s);
  deadlines.at(&answered, Step::kAnswer, begin + 1s);
  deadlines.at(&idle, Step::kBetween, begin + 1s);
  deadlines.end_overdue(begin + 9s);
  EXPECT_FALSE(slow.ended());
  deadlines.end_overdue(begin + 10s);
  EXPECT_TRUE(slow.ended());
  EXPECT_FALSE(answered.ended());
  deadlines.end_overdue(begin + 61s);
  EXPECT_TRUE(answered.ended());
  EXPECT_FALSE(idle.ended());
  deadlines.end_overdue(begin + 121s);
  EXPECT_TRUE(idle.ended());
  deadlines.end_overdue(begin + 24h);
  EXPECT_FALSE(waits.ended());
  EXPECT_EQ(deadlines.size(), 4u);
  deadlines.closed(&slow);
  deadlines.at(&slow, Step::kRequest, begin);
  EXPECT_EQ(deadlines.size(), 3u);
}

TEST(ConnectionDeadlines, AClientAtItsEndIsNotWaitedFor) {
  ConnectionDeadlines deadlines({.request = 10s, .answer = 60s, .between = 120s});
  const ConnectionDeadlines::Clock::time_point begin{};
  Connection half, idle, unread, waits, answered, open;
  EXPECT_EQ(send(unread.theirs.get(), "GET", 3, 0), 3);
  for (Connection* c : {&half, &idle, &unread, &waits, &answered, &open}) {
    deadlines.opened(c, c->ours.get(), begin);
    if (c == &open) continue;
    EXPECT_EQ(shutdown(c->theirs.get(), SHUT_WR), 0);
  }
  deadlines.at(&idle, Step::kBetween, begin);
  deadlines.at(&waits, Step::kOurs, begin);
  deadlines.at(&answered, Step::kAnswer, begin);
  deadlines.end_overdue(begin + 1s);
  const auto none = begin + 1s + ConnectionDeadlines::kAfterTheEnd - 1ms;
  deadlines.end_overdue(none);
  EXPECT_FALSE(half.ended());
  deadlines.end_overdue(none + 1ms);
  EXPECT_TRUE(half.ended());
  EXPECT_TRUE(idle.ended());
  for (const Connection* c : {&unread, &waits, &answered, &open}) EXPECT_FALSE(c->ended());
  char part[8];
  EXPECT_EQ(recv(unread.ours.get(), part, sizeof part, 0), 3);
  deadlines.end_overdue(begin + 2s);
  deadlines.end_overdue(begin + 3s);
  EXPECT_TRUE(unread.ended());
}

}  // namespace
}  // namespace gorotrace
