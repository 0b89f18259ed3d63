#include "cli/output_queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    (void)!pipe2(ends, O_CLOEXEC);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    fcntl(writer.get(), F_SETPIPE_SZ, 4096);
  }
  std::string read_some() const {
    char buffer[1 << 16];
    const ssize_t n = read(reader.get(), buffer, sizeof buffer);
    return {buffer, n > 0 ? static_cast<std::size_t>(n) : 0};
  }
  UniqueFd reader, writer;
};

void await_event(OutputQueue& queue) {
  pollfd event{queue.event_fd(), POLLIN, 0};
  ASSERT_EQ(poll(&event, 1, 10'000), 1);
  queue.acknowledge();
}

TEST(OutputQueue, WritesWhatItWasGivenInOrder) {
  const Pipe pipe;
  auto queue = OutputQueue::make(pipe.writer.get()).value();
  EXPECT_TRUE(queue->idle());
  std::string expected, got;
  for (int i = 0; i < 500; ++i) {
    expected += "line " + std::to_string(i) + "\n";
    queue->put("line " + std::to_string(i) + "\n");
  }
  while (got.size() < expected.size()) got += pipe.read_some();
  EXPECT_EQ(got, expected);
  while (!queue->idle()) await_event(*queue);
  EXPECT_EQ(queue->error(), 0);
}

TEST(OutputQueue, AReaderWhoDoesNotReadHoldsUpNobody) {
  const Pipe pipe;
  auto queue = OutputQueue::make(pipe.writer.get()).value();
  const auto begin = std::chrono::steady_clock::now();
  std::size_t put = 0;
  while (queue->room()) {
    queue->put(std::string(1000, 'x'));
    put += 1000;
  }
  EXPECT_LE(put, OutputQueue::kRoomBytes + 4096 + 1000);
  queue->put(std::string(1 << 20, 'y'));  // what must not be left out is taken all the same
  EXPECT_FALSE(queue->idle());
  // Also while it is being written: nobody waits for that.
  queue.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST(OutputQueue, ThereIsRoomAgainOnceItIsRead) {
  const Pipe pipe;
  auto queue = OutputQueue::make(pipe.writer.get()).value();
  while (queue->room()) queue->put(std::string(1000, 'x'));
  while (!queue->room()) {
    (void)pipe.read_some();
    await_event(*queue);
  }
  EXPECT_FALSE(queue->idle());
}

TEST(OutputQueue, SaysWhatAWriteFailedWith) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe gone;
  gone.reader.reset();
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  for (const auto& [fd, error] : {std::pair{gone.writer.get(), EPIPE}, {full.get(), ENOSPC}, {-1, EBADF}}) {
    auto queue = OutputQueue::make(fd).value();
    queue->put("x");
    await_event(*queue);
    EXPECT_EQ(queue->error(), error);
    EXPECT_TRUE(queue->idle());
    queue->put("y");  // goes nowhere, and nobody waits for it
    EXPECT_TRUE(queue->idle());
  }
}

TEST(OutputQueue, ADescriptorThatSomebodyMadeNonBlockingIsWaitedFor) {
  const Pipe pipe;
  fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK);
  auto queue = OutputQueue::make(pipe.writer.get()).value();
  queue->put(std::string(100'000, 'x'));
  std::size_t got = 0;
  while (got < 100'000) got += pipe.read_some().size();
  while (!queue->idle()) await_event(*queue);
  EXPECT_EQ(queue->error(), 0);
}

}  // namespace
}  // namespace gorotrace
