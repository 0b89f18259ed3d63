#include "waits/holders.h"

#include <algorithm>

#include "base/clock.h"
#include "base/seeded_hash.h"
#include "waits/batch.h"

namespace gorotrace::waits {
namespace {

constexpr std::size_t kShown = 8;                   // goids named; the count is of all
constexpr std::uint64_t kMaxStack = 64 * 1024;      // bytes of one stack, from its top end
constexpr std::uint64_t kRunningStack = 16 * 1024;  // of a running one, whose SP nobody knows, from its base
constexpr std::uint64_t kMaxDuration = 2'000'000'000;  // ns; then Waits::holders_complete is false
constexpr std::size_t kStacks = 64;                    // a call

struct Candidates {
  std::vector<std::uint64_t> goids;
  std::uint32_t count = 0;
  SeededSet<std::uint64_t> waiters;  // goids: they have the address because they wait
};

bool is_lock(const SemaphoreWait& wait) {
  return wait.kind == SyncKind::kMutex || wait.kind == SyncKind::kOnce ||
         wait.kind == SyncKind::kRWMutexRead || wait.kind == SyncKind::kRWMutexWrite;
}

std::pair<std::uint64_t, std::uint64_t> stack_of(const GWords& g) {
  if (g.stack_hi <= g.stack_lo) return {0, 0};
  const std::uint64_t sp = g.state() == GStatus::kSyscall ? g.syscallsp : g.sched_sp;
  if (g.at_rest() && sp >= g.stack_lo && sp < g.stack_hi) return {sp, std::min(kMaxStack, g.stack_hi - sp)};
  const std::uint64_t size = std::min(kRunningStack, g.stack_hi - g.stack_lo);
  return {g.stack_hi - size, size};
}

}  // namespace

Status find_holders(const Context& context, std::span<Waiter> waiters, Waits& out) {
  SeededMap<std::uint64_t, Candidates> locks;
  std::uint64_t lowest = ~0ull, highest = 0;
  for (const Waiter& w : waiters) {
    for (const WaitObject& object : w.objects) {
      const auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait == nullptr || !is_lock(*wait)) continue;
      locks[wait->object].waiters.insert(w.words.goid);
      lowest = std::min(lowest, wait->object);
      highest = std::max(highest, wait->object);
    }
  }
  if (locks.empty() || context.config.find != WaitReader::Find::kHolders) return {};
  const std::uint64_t deadline = monotonic_ns() + kMaxDuration;
  std::vector<std::uint8_t> bytes(kStacks * kMaxStack);
  std::vector<Memory::Range> ranges;
  std::vector<bool> failed;
  Batch batch(context.memory);
  const std::size_t window = g_window(context.config.offsets);
  // Every goroutine of the snapshot, as it is now: a holder goes on working, and so it moves.
  const std::span<const GoroutineSnapshot> all(context.snapshot.goroutines);
  for (std::size_t at = 0; at < all.size(); at += kStacks) {
    if (monotonic_ns() > deadline) {
      out.holders_complete = false;
      break;
    }
    const auto chunk = all.subspan(at, std::min(kStacks, all.size() - at));
    if (!batch.read(chunk.size(), [&](std::size_t i) { return chunk[i].g; }, window)) return gone();
    ranges.clear();
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const GWords words = pick_words(batch.at(i), context.config.offsets);
      // The runtime gives the g of a goroutine that ended to another one.
      const bool same = !batch.at(i).empty() && words.goid == chunk[i].goid;
      const auto [begin, size] = same ? stack_of(words) : std::pair<std::uint64_t, std::uint64_t>{0, 0};
      ranges.push_back({begin, std::span(bytes).subspan(i * kMaxStack, size)});
    }
    if (!context.memory.read_many(ranges, failed)) return gone();
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      if (failed[i]) continue;
      SeededSet<std::uint64_t> met;
      for (std::size_t word_at = 0; word_at + 8 <= ranges[i].out.size(); word_at += 8) {
        const std::uint64_t word = load<std::uint64_t>(ranges[i].out, word_at).value_or(0);
        if (word < lowest || word > highest) continue;
        const auto lock = locks.find(word);
        const std::uint64_t goid = chunk[i].goid;
        if (lock == locks.end() || lock->second.waiters.contains(goid) || !met.insert(word).second) continue;
        ++lock->second.count;
        if (lock->second.goids.size() < kShown) lock->second.goids.push_back(goid);
      }
    }
  }
  for (Waiter& w : waiters) {
    for (WaitObject& object : w.objects) {
      auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait == nullptr || !is_lock(*wait)) continue;
      const Candidates& found = locks[wait->object];
      wait->likely_holders = found.goids;
      wait->holder_candidates = found.count;
      wait->holders_searched = out.holders_complete;
    }
  }
  return {};
}

}  // namespace gorotrace::waits
