// The one capture that a node has at a time. Whoever has the slot keeps it until all of its answer is on its
// way, so captures in memory are one, too. A process can hold up whoever opens it: a capture that has not
// come to attach anything after a while, or for which nobody waits, loses the slot to the next that is asked
// for, and then attaches nothing. Pure but for the clock it is given. Threads: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace gorotrace {

struct SlotTaken {
  std::string why;
  std::chrono::seconds again{1};  // when it may be worth asking
};

class CaptureSlot {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kToAttach{5};
  // Left behind in what they read.
  static constexpr std::size_t kMostHeldUp = 8;

  class Held {
   public:
    // Once, before anything is attached: false, and it must not be.
    [[nodiscard]] bool attach(Clock::time_point until);

   private:
    friend class CaptureSlot;
    Held(std::string target, Clock::time_point since, std::stop_token unwanted)
        : target_(std::move(target)), since_(since), unwanted_(std::move(unwanted)) {}
    // It has lost the slot from here on, if it is as said above.
    [[nodiscard]] bool take_away(Clock::time_point now);

    const std::string target_;
    const Clock::time_point since_;
    const std::stop_token unwanted_;
    mutable std::mutex mutex_;  // what follows
    bool attached_ = false, lost_ = false;
    Clock::time_point until_{};  // its time is over then
  };

  // Until the last copy is gone. target: of which it is, as shown.
  [[nodiscard]] std::variant<std::shared_ptr<Held>, SlotTaken> take(const std::string& target,
                                                                    Clock::time_point now,
                                                                    std::stop_token unwanted);
  [[nodiscard]] bool taken() const;

 private:
  mutable std::mutex mutex_;
  std::weak_ptr<Held> held_;
  std::vector<std::weak_ptr<Held>> left_;  // that lost it, and are held up still
};

}  // namespace gorotrace
