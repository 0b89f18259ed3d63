// What a server has done, for whoever reports it. Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace gorotrace {

class ServerCounts {
 public:
  void answered(unsigned status) {
    const std::lock_guard lock(mutex_);
    ++answers_[status];
  }
  void connections(std::size_t open) {
    const std::lock_guard lock(mutex_);
    connections_ = open;
  }
  [[nodiscard]] std::map<unsigned, std::uint64_t> answers() const {  // by status
    const std::lock_guard lock(mutex_);
    return answers_;
  }
  [[nodiscard]] std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<unsigned, std::uint64_t> answers_;
  std::size_t connections_ = 0;
};

}  // namespace gorotrace
