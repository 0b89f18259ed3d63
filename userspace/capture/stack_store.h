// The `stacks` map from user space: pulls definitions, and makes room by deleting those already pulled.
// Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "bpf/shared/abi.h"

namespace gorotrace {

class StackStore {
 public:
  // `generation`: gt_stacks_generation, mapped; raised after deletions.
  StackStore(int map_fd, unsigned long long& generation) : map_fd_(map_fd), generation_(generation) {}
  [[nodiscard]] std::optional<gt_stack> pull(std::uint64_t id);
  // `added`: how many entries the kernel side has put in so far (gt_stats.stacks_added).
  void make_room(std::uint64_t added);

 private:
  int map_fd_;
  unsigned long long& generation_;
  std::mutex mutex_;
  std::unordered_set<std::uint64_t> pulled_;
  std::uint64_t deleted_ = 0;
};

}  // namespace gorotrace
