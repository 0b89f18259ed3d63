// memstats.heapStats (runtime/mstats.go consistentHeapStats, 1.18-1.27). Writers add to stats[gen % 3]; a
// reader in the process moves gen on, waits for the writers, adds the generation before to its own and clears
// it. So the sum of the three is the total, except while a reader is at work, and then the generation after
// gen is not clear; and each writer is inside an odd p.statsSeq, or, without a P, inside noPLock.
#include <algorithm>

#include "base/bytes.h"
#include "metrics/passes.h"
#include "metrics/word_batch.h"

namespace gorotrace {
namespace {

constexpr std::uint32_t kGenerations = 3;
constexpr std::uint32_t kMaxDelta = 8192;

void add(const MetricsOffsets& o, Bytes delta, HeapWords& out) {
  const auto word = [&](std::uint32_t offset) {
    return offset == kNoOffset ? 0 : load<std::uint64_t>(delta, offset).value_or(0);
  };
  out.committed += word(o.delta_committed);
  out.released += word(o.delta_released);
  out.inHeap += word(o.delta_inHeap);
  out.inStacks += word(o.delta_inStacks);
  out.inWorkBufs += word(o.delta_inWorkBufs);
  out.inPtrScalarBits += word(o.delta_inPtrScalarBits);
  out.tinyAllocCount += word(o.delta_tinyAllocCount);
  out.largeAlloc += word(o.delta_largeAlloc);
  out.largeAllocCount += word(o.delta_largeAllocCount);
  out.largeFree += word(o.delta_largeFree);
  out.largeFreeCount += word(o.delta_largeFreeCount);
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    out.smallAllocCount[i] += word(o.delta_smallAllocCount + 8 * i);
    out.smallFreeCount[i] += word(o.delta_smallFreeCount + 8 * i);
  }
}

// What the runtime itself keeps a second time, and throws when it differs (runtime/mstats.go readmemstats_m);
// since 1.19.
struct SecondBook {
  std::uint64_t heapInUse = 0, heapReleased = 0, heapFree = 0, totalAlloc = 0, totalFree = 0;

  [[nodiscard]] bool agrees(const HeapWords& heap) const {
    return heapInUse == heap.inHeap && heapReleased == heap.released && heapFree == heap.free_bytes() &&
           totalAlloc == heap.allocated_bytes() && totalFree == heap.freed_bytes();
  }
};

}  // namespace

Pass read_heap(const MetricsSource& s, HeapWords& out) {
  const MetricsOffsets& o = s.offsets;
  const std::uint32_t delta = (o.memstats_gen - o.memstats_stats) / kGenerations;
  const std::uint32_t small = (o.delta_largeFree - o.delta_smallAllocCount) / 8;
  if (delta < 8 * kSizeClasses || delta > kMaxDelta || small != kSizeClasses) return Pass::kUnreadable;
  std::vector<std::uint64_t> ps;
  if (!read_ps(s, ps)) return Pass::kUnreadable;

  std::vector<std::uint8_t> stats(std::size_t{kGenerations} * delta);
  std::vector<std::uint32_t> sequences(ps.size());
  std::uint32_t gen = 0;
  std::uint64_t lock = 0;
  SecondBook book;
  WordBatch batch(s.memory);
  batch.want(s.at.memstats + o.memstats_stats, stats);
  batch.want(s.at.memstats, o.memstats_gen, gen);
  batch.want(s.at.memstats, o.memstats_noPLock, lock);
  for (std::size_t i = 0; i < ps.size(); ++i) batch.want(ps[i], o.p_statsSeq, sequences[i]);
  const bool second_book = s.at.gcController != 0 && o.gc_heapInUse != kNoOffset;
  if (second_book) {
    batch.want(s.at.gcController, o.gc_heapInUse, book.heapInUse);
    batch.want(s.at.gcController, o.gc_heapReleased, book.heapReleased);
    batch.want(s.at.gcController, o.gc_heapFree, book.heapFree);
    batch.want(s.at.gcController, o.gc_totalAlloc, book.totalAlloc);
    batch.want(s.at.gcController, o.gc_totalFree, book.totalFree);
  }
  if (!batch.read() || gen >= kGenerations) return Pass::kUnreadable;

  const Bytes all(stats);
  const Bytes next = slice(all, std::uint64_t{(gen + 1) % kGenerations} * delta, delta);
  const auto set = [](std::uint8_t byte) { return byte != 0; };
  const auto odd = [](std::uint32_t sequence) { return sequence % 2 != 0; };
  if (std::ranges::any_of(next, set) || std::ranges::any_of(sequences, odd) || lock != 0)
    return Pass::kMoving;
  out = {};
  for (std::uint32_t i = 0; i < kGenerations; ++i) add(o, slice(all, std::uint64_t{i} * delta, delta), out);
  return !second_book || book.agrees(out) ? Pass::kGood : Pass::kContradicts;
}

}  // namespace gorotrace
