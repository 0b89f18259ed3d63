#include "capture/stack_store.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <atomic>
#include <iterator>

namespace gorotrace {

std::optional<gt_stack> StackStore::pull(std::uint64_t id) {
  gt_stack stack{};
  if (bpf_map_lookup_elem(map_fd_, &id, &stack) != 0) return std::nullopt;
  stack.depth = std::min<gt_u32>(stack.depth, GT_MAX_STACK_FRAMES);
  // Beyond depth the kernel side leaves what an earlier stack had there.
  std::fill(std::begin(stack.pcs) + stack.depth, std::end(stack.pcs), 0);
  const std::scoped_lock lock(mutex_);
  pulled_.insert(id);
  return stack;
}

void StackStore::make_room(std::uint64_t added) {
  const std::scoped_lock lock(mutex_);
  if (added - deleted_ <= GT_MAX_STACKS / 2) return;
  // Ids stay in pulled_: one that comes back is known by its owner and may be deleted again without a new
  // pull.
  for (const std::uint64_t id : pulled_)
    if (bpf_map_delete_elem(map_fd_, &id) == 0) ++deleted_;
  // Only now: what the programs learn from here on, they learn of the map without those entries.
  std::atomic_ref(generation_).fetch_add(1);
}

}  // namespace gorotrace
