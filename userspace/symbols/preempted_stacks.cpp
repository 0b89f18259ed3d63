#include "symbols/preempted_stacks.h"

namespace gorotrace {

std::uint64_t PreemptedStacks::complete(std::uint64_t id, std::uint64_t at_sp, std::uint64_t above_frame) {
  if (id == 0) return id;
  const std::lock_guard lock(mutex_);
  auto walked = stacks_.find(id);
  if (walked == stacks_.end()) {
    if (stacks_.size() + 2 > kMaxStacks) return id;
    auto pulled = walked_(id);
    if (!pulled) return id;
    walked = stacks_.emplace(id, std::move(*pulled)).first;
  }
  WalkedStack whole =
      with_hidden_callers(walked->second.pcs, text_, sp_delta_, async_preempt_, at_sp, above_frame);
  if (whole.pcs.size() == walked->second.pcs.size()) return id;
  const std::uint64_t whole_id = stack_identity(seed_, whole.pcs);
  const bool truncated = walked->second.truncated || whole.truncated;
  if (!stacks_.contains(whole_id)) {
    if (stacks_.size() == kMaxStacks) return id;
    stacks_.emplace(whole_id, StackTable::Stack{std::move(whole.pcs), truncated});
  }
  return whole_id;
}

std::optional<StackTable::Stack> PreemptedStacks::find(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = stacks_.find(id);
  if (found == stacks_.end()) return std::nullopt;
  return found->second;
}

}  // namespace gorotrace
