// The `stacks` map from user space: hands out definitions, and makes room before it fills by taking all of
// them out. What was taken out and nobody has asked for yet is kept, the latest kMaxKept of it: records that
// name it are still on their way. Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/seeded_hash.h"
#include "bpf/shared/abi.h"

namespace gorotrace {

class StackStore {
 public:
  // The map four times over: 500 B each at most, 34 MB of the deepest stacks.
  static constexpr std::size_t kMaxKept = 4 * GT_MAX_STACKS;

  // `generation`: gt_stacks_generation, mapped; raised after deletions.
  StackStore(int map_fd, unsigned long long& generation) : map_fd_(map_fd), generation_(generation) {}
  [[nodiscard]] std::optional<gt_stack> pull(std::uint64_t id);
  // `added`: how many entries the kernel side has put in so far (gt_stats.stacks_added). Above half of the
  // map it is emptied.
  void make_room(std::uint64_t added);

 private:
  struct Kept {
    std::vector<std::uint64_t> pcs;
    bool truncated;
    std::uint64_t serial;
  };
  void keep(std::uint64_t id, const gt_stack& stack);

  int map_fd_;
  unsigned long long& generation_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Kept, SeededHash> kept_;
  struct Place {
    std::uint64_t id, serial;
  };
  std::deque<Place> order_;  // of kept_, the latest last; some were handed out since
  std::uint64_t serial_ = 0;
  std::uint64_t taken_out_ = 0;
  std::vector<std::uint64_t> keys_;  // of one call, as the values
  std::vector<gt_stack> values_;
};

}  // namespace gorotrace
