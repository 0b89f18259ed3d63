#include "session/target_looks.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

// A look at all goroutines may take 1/20 of one CPU of the tracer: the next one waits 20 times as long as the
// last took.
constexpr std::uint64_t kLookRest = 20;
constexpr std::uint64_t kLookAfterGapNs = 100'000'000;
constexpr std::uint64_t kNever = ~std::uint64_t{0};

}  // namespace

TargetLooks::TargetLooks(Target& target, TargetSlot slot, Pipeline& pipeline, const TargetCensus& census,
                         StackTable& symbols, Notices& notices, bool stacks, std::uint64_t interval_ns)
    : target_(target),
      slot_(slot),
      pipeline_(pipeline),
      census_(census),
      symbols_(symbols),
      notices_(notices),
      depth_(stacks ? StackDepth::kAsProbes : StackDepth::kNoStacks),
      interval_ns_(interval_ns) {}

std::size_t TargetLooks::look() {
  auto snapshot = target_.goroutines().read(depth_);
  const std::uint64_t now = monotonic_ns();
  if (!snapshot) {
    next_ns_ = now + interval_ns_;
    if (target_.process().liveness() == Liveness::kAlive) notices_.add(snapshot.error().message);
    return 0;
  }
  const std::uint64_t took = snapshot->counts.end_ns - snapshot->counts.begin_ns;
  next_ns_ = census_.running() ? kNever : now + std::max(interval_ns_, took * kLookRest);
  symbols_.add(snapshot->stacks);
  snapshot->stacks = {};  // the model knows stacks by id
  const std::size_t extra = snapshot->counts.extra;
  pipeline_.aggregator().post(slot_, std::move(*snapshot));
  return extra;
}

void TargetLooks::mind_loss(std::uint64_t dropped, std::uint64_t now_ns) {
  if (dropped > dropped_seen_) next_ns_ = std::min(next_ns_, now_ns + kLookAfterGapNs);
  dropped_seen_ = dropped;
}

Witness::Totals TargetLooks::totals() {
  const Tables totals = pipeline_.totals(slot_, monotonic_ns());
  return {totals.created, totals.exited};
}

bool TargetLooks::read_counters() {
  CounterReader* reader = target_.counters();
  if (reader == nullptr) return false;
  const auto counters = reader->read();
  if (counters) counters_ = *counters;
  return counters.has_value();
}

std::optional<TargetLooks::Reading> TargetLooks::read() {
  Reading r;
  r.before = totals();
  if (!read_counters()) return std::nullopt;
  r.counters = *counters_;
  r.after = totals();
  return r;
}

std::optional<TargetLooks::Reading> TargetLooks::look_and_read() {
  constexpr int kTries = 4;
  std::size_t extra = look();
  auto r = read();
  for (int i = 0; i < kTries && extra != 0 && r; ++i) {
    const std::size_t then = std::exchange(extra, look());
    if (then == extra) break;
    r = read();
  }
  return r;
}

}  // namespace gorotrace
