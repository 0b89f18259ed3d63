#include "metrics/words.h"

#include <algorithm>

namespace gorotrace {
namespace {

std::uint64_t bytes_of(const std::array<std::uint64_t, kSizeClasses>& counts) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kSizeClasses; ++i) sum += counts[i] * kSizeOfClass[i];
  return sum;
}

std::uint64_t sum_of(const std::array<std::uint64_t, kSizeClasses>& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t n : counts) sum += n;
  return sum;
}

// gcControllerState.memoryLimitHeapGoal: the limit less what is not heap, less a headroom of 1 MiB, or
// since 1.21 of 3 % if that is more.
std::optional<std::uint64_t> memory_limit_goal(const GcWords& gc, int minor) {
  constexpr std::uint64_t kMinHeadroom = 1 << 20, kHeadroomPercent = 3;
  const std::uint64_t allocated = gc.totalAlloc - gc.totalFree;
  const std::uint64_t limit = static_cast<std::uint64_t>(gc.memoryLimit);
  if (gc.heapFree + allocated > gc.mappedReady) return std::nullopt;
  const std::uint64_t not_heap = gc.mappedReady - gc.heapFree - allocated;
  const std::uint64_t overage = gc.mappedReady > limit ? gc.mappedReady - limit : 0;
  if (not_heap + overage >= limit) return gc.heapMarked;
  std::uint64_t goal = limit - (not_heap + overage);
  const std::uint64_t headroom =
      minor < 21 ? kMinHeadroom : std::max(kMinHeadroom, goal / 100 * kHeadroomPercent);
  goal = goal < headroom || goal - headroom < headroom ? headroom : goal - headroom;
  return std::max(goal, gc.heapMarked);
}

}  // namespace

std::uint64_t HeapWords::allocated_bytes() const {
  return largeAlloc + bytes_of(smallAllocCount);
}
std::uint64_t HeapWords::freed_bytes() const {
  return largeFree + bytes_of(smallFreeCount);
}
std::uint64_t HeapWords::allocated_objects() const {
  return largeAllocCount + sum_of(smallAllocCount);
}
std::uint64_t HeapWords::freed_objects() const {
  return largeFreeCount + sum_of(smallFreeCount);
}
std::uint64_t HeapWords::free_bytes() const {
  return committed - inHeap - inStacks - inWorkBufs - inPtrScalarBits;
}

std::optional<std::uint64_t> GcWords::goal(int minor) const {
  if (minor < 19) return heapGoal;
  // gcControllerState.heapGoalInternal: the limit's goal when that is smaller, else the percentage's, kept
  // away from the sweeper and from where the cycle was triggered.
  constexpr std::uint64_t kMinRunway = 64 << 10, kNotTriggered = ~std::uint64_t{0};
  const auto limited = memory_limit_goal(*this, minor);
  if (!limited) return std::nullopt;
  if (*limited < gcPercentHeapGoal) return limited;
  std::uint64_t goal = std::max(gcPercentHeapGoal, sweepDistMinTrigger);
  if (triggered != kNotTriggered && goal < triggered + kMinRunway) goal = triggered + kMinRunway;
  return goal;
}

}  // namespace gorotrace
