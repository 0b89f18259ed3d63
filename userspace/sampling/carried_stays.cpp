#include "sampling/carried_stays.h"

#include <algorithm>

#include "sampling/sampling.h"

namespace gorotrace {
namespace {

bool stays_somewhere(const GoroutineSnapshot& g) {
  return g.goid != 0 && (g.status == GStatus::kWaiting || g.status == GStatus::kSyscall);
}

CarriedStay stay_of(const GoroutineSnapshot& g) {
  return {.goid = g.goid,
          .stack = g.stack_id,
          .status = g.status,
          .reason = g.status == GStatus::kWaiting ? g.wait_reason : std::uint8_t{0},
          .seq = g.tracking_seq,
          .since_ns = g.read_at_ns,
          .seen_ns = g.read_at_ns,
          .looks = 1};
}

}  // namespace

bool CarriedStay::same(const CarriedStay& later) const {
  return goid == later.goid && seq == later.seq && status == later.status && reason == later.reason &&
         (stack == later.stack || stack == 0 || later.stack == 0) && since_ns <= later.seen_ns;
}

void CarriedStays::sampled(std::span<const CarriedStay> stays, std::uint64_t at_ns) {
  if (at_ns < seen_ns_) return;
  stays_.clear();
  for (const CarriedStay& stay : stays) stays_.insert_or_assign(stay.goid, stay);
}

void CarriedStays::seen(const Snapshot& snapshot, const OpenWaits& open) {
  SeededMap<std::uint64_t, CarriedStay> now;
  for (const GoroutineSnapshot& g : snapshot.goroutines) {
    if (!stays_somewhere(g)) continue;
    CarriedStay stay = stay_of(g);
    if (const CarriedStay* known = before(stay); known != nullptr) {
      stay.since_ns = std::min(stay.since_ns, known->since_ns);
      stay.looks += known->looks;
    }
    now.insert_or_assign(stay.goid, stay);
  }
  for (const OpenWait& wait : open.waits) {
    const auto found = now.find(wait.goid);
    if (found == now.end() || wait.in_syscall != (found->second.status == GStatus::kSyscall)) continue;
    // What began behind the look is another one.
    if (wait.since_ns <= found->second.seen_ns)
      found->second.since_ns = std::min(found->second.since_ns, wait.since_ns);
  }
  stays_ = std::move(now);
  seen_ns_ = std::max(seen_ns_, snapshot.counts.end_ns);
}

void CarriedStays::told(const OpenWaits& open) {
  SeededMap<std::uint64_t, const OpenWait*> waits;
  for (const OpenWait& wait : open.waits) waits.insert_or_assign(wait.goid, &wait);
  SeededMap<std::uint64_t, std::uint64_t> moved;
  for (const LastMove& move : open.moves) moved.insert_or_assign(move.goid, move.at_ns);
  for (auto next = stays_.begin(); next != stays_.end();) {
    const auto at = next++;
    CarriedStay& stay = at->second;
    const bool in_syscall = stay.status == GStatus::kSyscall;
    const auto move = moved.find(stay.goid);
    const auto wait = waits.find(stay.goid);
    // The end of a system call that is not among the waits may not have been probed.
    const bool may_be_over = wait == waits.end() ? in_syscall : wait->second->in_syscall != in_syscall;
    if (may_be_over || (move != moved.end() && move->second > stay.seen_ns)) {
      stays_.erase(at);
    } else if (wait != waits.end() && wait->second->since_ns <= stay.seen_ns) {
      stay.seen_ns = std::max(stay.seen_ns, open.at_ns);
    }
  }
}

const CarriedStay* CarriedStays::before(const CarriedStay& later) const {
  const auto found = stays_.find(later.goid);
  return found != stays_.end() && found->second.same(later) ? &found->second : nullptr;
}

std::optional<std::uint64_t> CarriedStays::since(const GoroutineSnapshot& g) const {
  if (!stays_somewhere(g)) return std::nullopt;
  const CarriedStay* known = before(stay_of(g));
  if (known == nullptr || known->looks + 1 < Sampling::kSeenStill) return std::nullopt;
  return known->since_ns;
}

}  // namespace gorotrace
