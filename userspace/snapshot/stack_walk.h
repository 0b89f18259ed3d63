// Call stack of one goroutine from a copy of its stack's bytes. Pure; every input is hostile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "bpf/shared/abi.h"
#include "snapshot/code.h"
#include "snapshot/injected_calls.h"
#include "snapshot/text_range.h"

namespace gorotrace {

// [base, base + bytes.size()) of a stack that ends at hi; at most max_frames of it are taken.
struct StackWindow {
  std::uint64_t base = 0;
  Bytes bytes;
  std::uint64_t hi = 0;
  std::size_t max_frames = GT_MAX_STACK_FRAMES;
};

struct WalkedStack {
  std::vector<std::uint64_t> pcs;  // the first as given, then return addresses
  bool truncated = false;          // deeper than StackWindow::max_frames or than the window
  bool broken = false;             // a frame that no goroutine at rest can have: the bytes are not one stack
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t outside = kNone;   // of pcs: the first that is code without a line table
  std::size_t unframed = kNone;  // of pcs: the first that need not keep frame pointers
  // Where the chain of frame pointers goes on, of a truncated stack; 0 when it was not followed.
  std::uint64_t next_fp = 0;
  // SP of the function that pcs.back() lies in, right after its call; 0 when the walk did not get to know it.
  std::uint64_t last_sp = 0;
  void clear();  // keeps the memory of pcs
  void add(std::uint64_t pc, const Code& code) {
    const CodeKind kind = code.kind(pc);
    if (outside == kNone && kind != CodeKind::kGo) outside = pcs.size();
    if (unframed == kNone && kind == CodeKind::kMemory) unframed = pcs.size();
    pcs.push_back(pc);
  }
  // As deep as is known for sure: pcs[last] is the last.
  void cut_behind(std::size_t last) {
    pcs.resize(last + 1);
    truncated = true;
    broken = false;
    next_fp = last_sp = 0;
  }
};

// Where Go's frames keep the return address: on amd64 above the frame, where the call pushed it; on arm64 at
// the frame's SP, where the prologue stores the link register, with the frame pointer right below at SP - 8
// (cmd/compile/abi-internal.md, arm64 "Stack layout"). The tracer's architecture is the target's.
#if defined(__aarch64__)
inline constexpr bool kLinkRegister = true;
#else
inline constexpr bool kLinkRegister = false;
#endif
inline constexpr std::uint64_t kFramePointerBelowSp = kLinkRegister ? 8 : 0;

// A function that was stopped elsewhere than in a call may be in a prologue, an epilogue or a leaf, where the
// frame pointer is still (again) the caller's and following it leaves the caller out. With the compiler's
// stack deltas, of the pc itself and not of the instruction before it, the caller is found and put in. Such
// pcs are the one above an injected call, and the first one of a goroutine that newstack stopped or that
// never ran.
struct Interrupted {
  const SpDelta& sp_delta;
  std::span<const TextRange> injected;  // InjectedCalls, as many of them as are wanted
  std::uint64_t first_sp = 0;           // where first_pc stopped; 0 when it stands at a call
  std::uint64_t first_lr = 0;           // g.sched.lr: its caller while it has no frame; link registers only
};

// Along the frame pointers: [fp] the caller's, [fp + 8] the return address (Go on amd64 and arm64 alike),
// until fp is 0 or leaves the stack. `out` is replaced, as by the others here.
void walk_frame_pointers(const StackWindow& stack, const Code& code, std::uint64_t first_pc, std::uint64_t fp,
                         const Interrupted* interrupted, WalkedStack& out,
                         bool link_register = kLinkRegister);

// The same for a stack that was walked where no deltas are at hand: in a probe, in preemptPark. Hidden
// callers can be in two places there: below the function that newstack stopped (its return address is the
// word at sp) and below the one that a signal stopped (the word above the frame of asyncPreempt, which is the
// second; runtime/preempt.go). The one instruction of a prologue between pushing the frame pointer and
// setting it is left as it is. amd64 only.
[[nodiscard]] WalkedStack with_hidden_callers(const std::vector<std::uint64_t>& walked, const Code& code,
                                              const SpDelta& sp_delta,
                                              std::span<const TextRange> async_preempt, std::uint64_t at_sp,
                                              std::uint64_t above_frame);

// With the compiler's stack deltas, from a return address and its SP: for goroutines in a syscall before
// Go 1.23, which saved no frame pointer (runtime/proc.go reentersyscall).
void walk_sp_deltas(const StackWindow& stack, const Code& code, const SpDelta& sp_delta,
                    std::uint64_t first_pc, std::uint64_t sp, WalkedStack& out,
                    bool link_register = kLinkRegister);

// Past the end of a chain of frame pointers, as runtime/traceback.go goes on: a goroutine that C called back
// has its callback's frames above those of the call into C, and between them a frame pointer of C's stack
// (runtime/asm_amd64.s cgocallback lays the frame out for the stack deltas). amd64 only.
void walk_on(const StackWindow& stack, const Code& code, const SpDelta& sp_delta, WalkedStack& walked);

// Identity of a stack of the target with that gt_target.stack_seed (bpf/shared/abi.h gt_stack_hash_*).
[[nodiscard]] std::uint64_t stack_identity(std::uint64_t seed, std::span<const std::uint64_t> pcs);

}  // namespace gorotrace
