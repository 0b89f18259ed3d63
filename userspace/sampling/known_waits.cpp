#include "sampling/known_waits.h"

#include <algorithm>

#include "base/seeded_hash.h"
#include "model/memory_state.h"

namespace gorotrace {
namespace {

// One and the same stay: g.trackingSeq moves on each time a goroutine leaves running.
bool same_stay(const Standing& s, const GoroutineSnapshot& g, std::uint64_t pc) {
  return s.goid == g.goid && s.status == g.status && s.seq == g.tracking_seq && s.sp == g.sp && s.pc == pc &&
         (g.status != GStatus::kWaiting || s.reason == g.wait_reason);
}

bool same_wait(const OpenWait& wait, const GoroutineSnapshot& g) {
  if (wait.in_syscall) return g.status == GStatus::kSyscall;
  if (g.status == GStatus::kPreempted) return true;
  if (g.status != GStatus::kWaiting && g.status != GStatus::kLeaked) return false;
  // One that is called waiting while it runs makes no event: of its wait memory alone told.
  return wait.reason == g.wait_reason && (wait.park_seen || !g.on_thread);
}

void earlier(KnownWait& known, WaitSource source, std::uint64_t since_ns) {
  if (!known.known() || since_ns < known.since_ns)
    known = {.source = source, .exact = false, .since_ns = since_ns, .moved_ns = known.moved_ns};
}

template <typename Row, typename Goid>
SeededMap<std::uint64_t, const Row*> by_goid(std::span<const Row> rows, const Goid& goid) {
  SeededMap<std::uint64_t, const Row*> out;
  out.reserve(rows.size());
  for (const Row& row : rows) out.emplace(goid(row), &row);
  return out;
}

}  // namespace

KnownWait known_wait(const GoroutineSnapshot& g) {
  if (g.waited_at_ns == 0 || g.waited_at_ns > g.read_at_ns) return {};
  return {.source = WaitSource::kCollections, .since_ns = g.waited_at_ns};
}

std::vector<KnownWait> known_waits(const Snapshot& snapshot, std::span<const StandingWait> standing,
                                   std::span<const LastMove> moves, const OpenWaits& open) {
  const auto stood = by_goid(standing, [](const StandingWait& w) { return w.standing.goid; });
  const auto parked =
      by_goid(std::span<const OpenWait>(open.waits), [](const OpenWait& w) { return w.goid; });
  SeededMap<std::uint64_t, std::uint64_t> moved;
  for (const auto& seen : {moves, std::span<const LastMove>(open.moves)}) {
    for (const LastMove& m : seen) moved[m.goid] = std::max(moved[m.goid], m.at_ns);
  }
  std::vector<KnownWait> out;
  out.reserve(snapshot.goroutines.size());
  for (const GoroutineSnapshot& g : snapshot.goroutines) {
    KnownWait& known = out.emplace_back(known_wait(g));
    if (const auto found = moved.find(g.goid); found != moved.end()) known.moved_ns = found->second;
    const GState state = state_of(g.status);
    if (state != GState::kWaiting && state != GState::kSyscall) continue;
    // A goroutine without a stack moved while it was read: what it stood in is not known.
    if (const auto found = stood.find(g.goid); found != stood.end() && g.stack != StackSet::kNone) {
      const StandingWait& wait = *found->second;
      if (wait.since_ns <= g.read_at_ns && same_stay(wait.standing, g, snapshot.pcs(g).front()))
        earlier(known, WaitSource::kSampling, wait.since_ns);
    }
    if (const auto found = parked.find(g.goid); found != parked.end()) {
      const OpenWait& wait = *found->second;
      if (wait.since_ns > g.read_at_ns || open.at_ns < g.read_at_ns || !same_wait(wait, g)) continue;
      if (wait.park_seen) {
        known = {WaitSource::kProbes, true, wait.since_ns, known.moved_ns};
      } else {
        earlier(known, WaitSource::kProbes, wait.since_ns);
      }
    }
  }
  return out;
}

}  // namespace gorotrace
