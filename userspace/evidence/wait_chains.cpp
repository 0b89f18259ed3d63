#include "evidence/wait_chains.h"

#include <algorithm>

namespace gorotrace {

WakerChain WaitChains::chain_of(const Wait& wait) const {
  WakerChain chain;
  if (!wait.waker) return chain;
  chain.wakers[0] = *wait.waker;
  chain.steps = 1;
  if (wait.waker->kind != WakerKind::kGoroutine) return chain;
  const auto before = last_.find(wait.waker_goid);
  if (before == last_.end()) return chain;
  for (std::size_t i = 0; i < before->second.steps && chain.steps < WakerChain::kSteps; ++i)
    chain.wakers[chain.steps++] = before->second.wakers[i];
  return chain;
}

void WaitChains::add(const Wait& wait) {
  if (wait.in_syscall) return;
  const WakerChain chain = chain_of(wait);
  if (const auto last = last_.find(wait.goid); last != last_.end()) {
    last->second = chain;
  } else if (last_.size() < kMaxGoroutines) {
    last_.emplace(wait.goid, chain);
  }
  const WaitChain key{wait.stack, wait.reason, wait.system, chain};
  auto row = rows_.find(key);
  if (row == rows_.end()) {
    if (rows_.size() >= kMaxRows) {
      ++left_out_;
      return;
    }
    row = rows_.emplace(key, Sum{}).first;
  }
  ++row->second.count;
  row->second.total_ns += wait.end_ns - std::min(wait.start_ns, wait.end_ns);
}

}  // namespace gorotrace
