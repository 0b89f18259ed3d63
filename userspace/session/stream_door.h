// A worker's way into a session's stream, which may be shut while the worker is in the middle of a read: what
// it brings then is nobody's any more. Threads: any.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace gorotrace {

class Pipeline;

class StreamDoor {
 public:
  explicit StreamDoor(Pipeline& pipeline) : pipeline_(&pipeline) {}

  // False: it is shut. `use` does not wait for long: shut() waits for it.
  template <typename Use>
  [[nodiscard]] bool enter(Use&& use) {
    const std::shared_lock lock(mutex_);
    if (pipeline_ == nullptr) return false;
    use(*pipeline_);
    return true;
  }
  void shut() {
    const std::unique_lock lock(mutex_);
    pipeline_ = nullptr;
  }

 private:
  std::shared_mutex mutex_;
  Pipeline* pipeline_;
};

}  // namespace gorotrace
