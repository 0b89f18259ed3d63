// Threads that a process of somebody else can hold up for ever: the kernel waits in the middle of a read of
// its memory for a page that a userfaultfd or a FUSE file of its own never gives. Their end is waited for,
// but not for ever: a thread that is held up is left behind, with what it uses, until the page comes or the
// program ends (such a wait is killable).
// Threads: one owner.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gorotrace {

class Crew {
 public:
  // For a thread that is in no such read, and that was told to return.
  static constexpr std::chrono::milliseconds kPatience{1000};

  // What its threads are called (base/thread_name.h).
  explicit Crew(const char* name) : name_(name) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { leave(); }

  // `body` shares all that it uses. False: there is no thread to be had.
  // Those that have returned are forgotten.
  [[nodiscard]] bool add(std::function<void()> body);
  // All of them were told to return: waits for them together. How many were left behind.
  std::size_t leave(std::chrono::nanoseconds patience = kPatience);

 private:
  void forget_returned();
  struct Returned {
    std::mutex mutex;
    std::condition_variable one;
    std::size_t count = 0;
  };
  struct Member {
    std::thread thread;
    std::shared_ptr<bool> returned;  // under Returned::mutex
  };
  const char* name_;
  std::shared_ptr<Returned> returned_ = std::make_shared<Returned>();
  std::vector<Member> members_;
};

}  // namespace gorotrace
