#include "capture/stack_store.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>
#include <utility>

namespace gorotrace {
namespace {

constexpr std::uint32_t kPerCall = 2048;  // 1 MB; far more than any bucket of the map holds

gt_stack without_rest(const gt_stack& stack) {
  gt_stack out = stack;
  out.depth = std::min<gt_u32>(stack.depth, GT_MAX_STACK_FRAMES);
  // Beyond depth the kernel side leaves what an earlier stack had there.
  std::fill(std::begin(out.pcs) + out.depth, std::end(out.pcs), 0);
  return out;
}

}  // namespace

std::optional<gt_stack> StackStore::pull(std::uint64_t id) {
  gt_stack stack{};
  if (bpf_map_lookup_elem(map_fd_, &id, &stack) == 0) return without_rest(stack);
  // Behind the map: what make_room() is taking out just now is found when it is done.
  const std::scoped_lock lock(mutex_);
  const auto found = kept_.find(id);
  if (found == kept_.end()) return std::nullopt;
  const Kept kept = std::move(found->second);
  kept_.erase(found);
  stack = {};
  stack.depth = static_cast<gt_u32>(kept.pcs.size());
  stack.truncated = kept.truncated ? 1 : 0;
  std::ranges::copy(kept.pcs, std::begin(stack.pcs));
  return stack;
}

void StackStore::keep(std::uint64_t id, const gt_stack& stack) {
  const std::size_t depth = std::min<std::size_t>(stack.depth, GT_MAX_STACK_FRAMES);
  const Kept fresh{{stack.pcs, stack.pcs + depth}, stack.truncated != 0, ++serial_};
  if (!kept_.emplace(id, fresh).second) return;
  order_.push_back({id, serial_});
  if (order_.size() <= kMaxKept) return;
  // Handed out and kept again since: then it stands further back, too.
  const auto oldest = kept_.find(order_.front().id);
  if (oldest != kept_.end() && oldest->second.serial == order_.front().serial) kept_.erase(oldest);
  order_.pop_front();
}

void StackStore::make_room(std::uint64_t added) {
  const std::scoped_lock lock(mutex_);
  if (added - taken_out_ <= GT_MAX_STACKS / 2) return;
  keys_.resize(kPerCall);
  values_.resize(kPerCall);
  std::uint32_t from = 0, next = 0;
  for (bool first = true, last = false; !last; first = false, from = next) {
    std::uint32_t count = kPerCall;
    // 5.6; the last call says ENOENT and brings what there was (kernel/bpf/hashtab.c,
    // __htab_map_lookup_and_delete_batch).
    const int err = bpf_map_lookup_and_delete_batch(map_fd_, first ? nullptr : &from, &next, keys_.data(),
                                                    values_.data(), &count, nullptr);
    last = err != 0;
    if (last && errno != ENOENT) count = 0;
    for (std::uint32_t i = 0; i < count; ++i) keep(keys_[i], values_[i]);
    taken_out_ += count;
  }
  // Only now: what the programs learn from here on, they learn of the map without those entries.
  std::atomic_ref(generation_).fetch_add(1);
}

}  // namespace gorotrace
