#include "cli/output_queue.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kBetweenKicks(10);
constexpr int kKicks = 50;

// Does nothing; that it is delivered ends a write that waits (signal(7), EINTR).
extern "C" void kicked(int) {}

}  // namespace

struct OutputQueue::Shared {
  int fd = -1;
  UniqueFd event;
  std::mutex mutex;
  std::condition_variable work, ended;
  // Guarded by the mutex.
  std::deque<std::string> texts;
  std::size_t waiting_bytes = 0;  // that which is being written included
  int error = 0;
  bool stop = false, has_ended = false;

  void tell() const {
    const std::uint64_t one = 1;
    (void)!write(event.get(), &one, sizeof one);
  }

  // errno, 0 when all of it went, EINTR when we are to stop.
  int write_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = write(fd, text.data(), text.size());
      if (n < 0 && errno != EINTR && errno != EAGAIN) return errno;
      if (n < 0) {
        const bool full = errno == EAGAIN;  // somebody else made it non-blocking, who shares it with us
        std::unique_lock lock(mutex);
        if (full) work.wait_for(lock, kBetweenKicks, [this] { return stop; });
        if (stop) return EINTR;
        continue;
      }
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      work.wait(lock, [this] { return stop || !texts.empty(); });
      if (stop) break;
      const std::string text = std::move(texts.front());
      texts.pop_front();
      lock.unlock();
      const int failed = write_all(text);
      lock.lock();
      waiting_bytes -= text.size();
      if (failed != 0) {
        error = failed;
        texts.clear();
        waiting_bytes = 0;
      }
      tell();
      if (failed != 0) break;
    }
    has_ended = true;
    ended.notify_all();
  }
};

Result<std::unique_ptr<OutputQueue>> OutputQueue::make(int fd) {
  std::unique_ptr<OutputQueue> queue(new OutputQueue);
  queue->shared_ = std::make_shared<Shared>();
  queue->shared_->fd = fd;
  queue->shared_->event.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!queue->shared_->event) return fail_errno(errno, "eventfd");
  struct sigaction kick{};
  kick.sa_handler = kicked;  // without SA_RESTART
  sigaction(SIGRTMIN, &kick, nullptr);
  try {
    queue->thread_ = std::thread([shared = queue->shared_] { shared->run(); });
  } catch (const std::system_error& error) {
    return fail_errno(error.code().value(), "starting a thread for the output");
  }
  return queue;
}

OutputQueue::~OutputQueue() {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->work.notify_all();
    // A kick that comes just before the write is lost: hence more than one.
    for (int i = 0; i < kKicks && !shared_->has_ended; ++i) {
      pthread_kill(thread_.native_handle(), SIGRTMIN);
      shared_->ended.wait_for(lock, kBetweenKicks, [this] { return shared_->has_ended; });
    }
    if (!shared_->has_ended) {
      thread_.detach();
      return;
    }
  }
  thread_.join();
}

void OutputQueue::put(std::string text) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->error != 0 || text.empty()) return;
  shared_->waiting_bytes += text.size();
  shared_->texts.push_back(std::move(text));
  shared_->work.notify_all();
}

bool OutputQueue::room() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->waiting_bytes < kRoomBytes;
}

bool OutputQueue::idle() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->waiting_bytes == 0;
}

int OutputQueue::error() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->error;
}

int OutputQueue::event_fd() const {
  return shared_->event.get();
}

void OutputQueue::acknowledge() {
  std::uint64_t n = 0;
  (void)!::read(shared_->event.get(), &n, sizeof n);
}

}  // namespace gorotrace
