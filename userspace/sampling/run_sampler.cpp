#include "sampling/run_sampler.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/clock.h"
#include "model/model.h"

namespace gorotrace {
namespace {

ClassCount counted(GState state, std::uint64_t goroutines) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  return {static_cast<std::uint32_t>(state), static_cast<std::uint32_t>(std::min(goroutines, kMost)), 0};
}

}  // namespace

// All of it at each look: the queues are one call.
Result<const SampleTick*> RunSampler::look(std::uint64_t now_ns, std::size_t, std::uint64_t) {
  const auto states = reader_.read();
  if (!states) return std::unexpected(states.error());
  const auto running =
      std::ranges::count_if(states->running, [this](std::uint64_t startpc) { return !is_system_(startpc); });
  const std::uint64_t number = tick_.number + 1;
  tick_ = {};
  tick_.number = number;
  tick_.at_ns = now_ns;
  tick_.seen_ns = monotonic_ns();
  tick_.begins = std::exchange(begins_, false);
  tick_.slots = static_cast<std::uint32_t>(reader_.ps());
  tick_.counts[kStateClass] = {counted(GState::kRunning, static_cast<std::uint64_t>(running)),
                               counted(GState::kRunnable, states->runnable)};
  return &tick_;
}

}  // namespace gorotrace
