// Messages from any thread to the one that waits for them in an event loop. Shared, for a sender may be held
// up until nobody listens any more.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

template <typename Message>
class Mailbox {
 public:
  [[nodiscard]] static Result<std::shared_ptr<Mailbox>> make() {
    std::shared_ptr<Mailbox> box(new Mailbox);
    box->fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!box->fd_) return fail_errno(errno, "eventfd");
    return box;
  }

  void post(Message message) {
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
    }
    constexpr std::uint64_t kOne = 1;
    // Fails only when it is readable as it is.
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &kOne, sizeof kOne);
  }

  [[nodiscard]] int fd() const { return fd_.get(); }  // readable when there are some
  [[nodiscard]] std::vector<Message> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(messages_, {});
  }

 private:
  Mailbox() = default;

  UniqueFd fd_;
  std::mutex mutex_;
  std::vector<Message> messages_;
};

}  // namespace gorotrace
