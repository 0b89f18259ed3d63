#include "snapshot/stack_base.h"

#include "snapshot/stack_walk.h"

namespace gorotrace {
namespace {

// Bytes kept below the frame pointer, so that [sp] comes along: no runtime function that parks has more.
constexpr std::uint64_t kBelowFrame = 1024;

std::uint64_t add_capped(std::uint64_t a, std::uint64_t b, std::uint64_t cap) {
  return cap - a < b ? cap : a + b;
}

}  // namespace

bool has_syscall_base(const GWords& words, const RuntimeOffsets& offsets, bool deltas) {
  if (words.syscallsp == 0 || words.syscallpc == 0) return false;
  return offsets.g_syscallbp != kAbsent || deltas;
}

std::optional<StackBase> stack_base(const GWords& words, const RuntimeOffsets& offsets, bool deltas) {
  StackBase b{words.sched_pc, words.sched_sp, words.sched_bp, false};
  if (words.state() == GStatus::kSyscall) {
    if (!has_syscall_base(words, offsets, deltas)) return std::nullopt;
    b = {words.syscallpc, words.syscallsp, words.syscallbp, offsets.g_syscallbp == kAbsent};
  }
  if (b.sp % 8 != 0 || b.sp <= words.stack_lo || b.sp > words.stack_hi) return std::nullopt;
  return b;
}

StackExtent stack_extent(const StackBase& b, std::uint64_t stack_hi, std::uint64_t window) {
  std::uint64_t begin = b.sp, end = add_capped(b.sp, window, stack_hi);
  if (!b.by_deltas && b.fp + kFramePointerBelowSp >= b.sp && b.fp < stack_hi) {
    end = add_capped(b.fp, window, stack_hi);
    if (b.fp < b.sp || b.fp - b.sp > kBelowFrame) begin = b.fp;
  }
  return {begin, end - begin};
}

}  // namespace gorotrace
