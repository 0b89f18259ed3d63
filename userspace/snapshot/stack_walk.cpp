#include "snapshot/stack_walk.h"

namespace gorotrace {
namespace {

// newproc1 and oneNewExtraM leave 4 words above the first frame's return address into goexit
// (runtime/proc.go, totalSize): they are never written, nothing at or above them is a frame.
constexpr std::uint64_t kTopReserve = 4 * 8;

std::optional<std::uint64_t> word(const StackWindow& stack, std::uint64_t address) {
  if (address < stack.base) return std::nullopt;
  return load<std::uint64_t>(stack.bytes, address - stack.base);
}

// Where a function stopped that was not in a call.
struct Stop {
  std::uint64_t pc = 0, sp = 0, lr = 0;
};

// Return address of the caller that the chain through fp would leave out of a frame that stopped there; 0
// when the frame is set up: then its saved frame pointer lies right below its return address.
std::uint64_t hidden_caller(const StackWindow& stack, const Code& code, const SpDelta& sp_delta,
                            bool link_register, const Stop& at, std::uint64_t fp) {
  const auto delta = sp_delta(at.pc);
  if (!delta || *delta < 0) return 0;
  std::optional<std::uint64_t> caller;
  if (link_register && *delta == 0) {
    caller = at.lr;
  } else {
    const std::uint64_t slot = link_register ? at.sp : at.sp + static_cast<std::uint64_t>(*delta);
    if (slot == fp + 8 || slot % 8 != 0 || slot < at.sp || slot >= stack.hi - kTopReserve) return 0;
    if (fp != 0 && fp < slot) return 0;
    caller = word(stack, slot);
  }
  return caller && code.holds(*caller) ? *caller : 0;
}

// Where the function above an injected call stopped; that call's frame has its saved frame pointer at fp.
// With a link register the handler pushed the one of the function, in 16 bytes (runtime/signal_arm64.go).
std::optional<Stop> stop_above(const StackWindow& stack, const SpDelta& sp_delta, bool link_register,
                               std::uint64_t injected, std::uint64_t fp, std::uint64_t pc) {
  if (!link_register) return Stop{pc, fp + 16, 0};
  const auto delta = sp_delta(injected - 1);
  if (!delta || *delta < 0) return std::nullopt;
  const std::uint64_t pushed = fp + 8 + static_cast<std::uint64_t>(*delta);
  const auto lr = word(stack, pushed);
  if (!lr) return std::nullopt;
  return Stop{pc, pushed + 16, *lr};
}

// Appends the callers of the function that out.pcs.back() lies in, whose SP is `sp`.
void add_callers(const StackWindow& stack, const Code& code, const SpDelta& sp_delta, std::uint64_t sp,
                 bool link_register, WalkedStack& out) {
  for (;;) {
    // Code of no line table: where its frame ends nobody knows.
    if (!code.go(out.pcs.back())) {
      out.truncated = true;
      return;
    }
    // Every pc here is a return address: the call before it is what has this delta.
    const auto delta = sp_delta(out.pcs.back() - 1);
    if (!delta || *delta < 0 || *delta % 8 != 0) {
      out.broken = true;
      return;
    }
    const std::uint64_t above = sp + static_cast<std::uint64_t>(*delta);
    // A frame without a size has no slot for the link register: runtime.goexit, the outermost.
    if (above < sp || (link_register && *delta == 0)) return;
    const std::uint64_t slot = link_register ? sp : above;
    if (slot >= stack.hi - kTopReserve) return;
    if (out.pcs.size() >= stack.max_frames) {
      out.truncated = true;
      return;
    }
    const auto caller = word(stack, slot);
    if (!caller) {
      out.truncated = true;
      return;
    }
    if (!code.holds(*caller)) {
      out.broken = true;
      return;
    }
    out.add(*caller, code);
    sp = link_register ? above : slot + 8;
  }
}

}  // namespace

void WalkedStack::clear() {
  pcs.clear();
  truncated = broken = false;
  outside = unframed = kNone;
  next_fp = last_sp = 0;
}

void walk_frame_pointers(const StackWindow& stack, const Code& code, std::uint64_t first_pc, std::uint64_t fp,
                         const Interrupted* interrupted, WalkedStack& out, bool link_register) {
  out.clear();
  out.broken = !code.holds(first_pc);
  if (out.broken) return;
  // Adds a pc and the caller that is hidden below `frame`, the next of the chain.
  const auto add = [&](std::uint64_t pc, const std::optional<Stop>& at, std::uint64_t frame) {
    out.add(pc, code);
    const std::uint64_t caller =
        at ? hidden_caller(stack, code, interrupted->sp_delta, link_register, *at, frame) : 0;
    if (caller == 0) return;
    if (out.pcs.size() < stack.max_frames) {
      out.add(caller, code);
    } else {
      out.truncated = true;
    }
  };
  std::optional<Stop> at;
  if (interrupted != nullptr && interrupted->first_sp != 0) {
    at = Stop{first_pc, interrupted->first_sp, interrupted->first_lr};
  }
  add(first_pc, at, fp);
  while (fp != 0 && fp >= stack.base && fp < stack.hi) {
    if (out.pcs.size() >= stack.max_frames) {
      out.truncated = true;
      out.next_fp = fp;
      break;
    }
    const auto caller = word(stack, fp), pc = word(stack, fp + 8);
    if (!caller || !pc) {
      out.truncated = fp + 16 <= stack.hi;
      out.broken = !out.truncated;
      out.next_fp = fp;
      break;
    }
    // Frames of callers lie above; equal or below would be a cycle.
    if (fp % 8 != 0 || !code.holds(*pc) || (*caller >= stack.base && *caller <= fp)) {
      out.broken = true;
      break;
    }
    at.reset();
    if (interrupted != nullptr && injected(interrupted->injected, out.pcs.back())) {
      at = stop_above(stack, interrupted->sp_delta, link_register, out.pcs.back(), fp, *pc);
    }
    const std::size_t before = out.pcs.size();
    add(*pc, at, *caller);
    out.last_sp = out.pcs.size() == before + 1 ? fp + 16 : 0;
    fp = *caller;
  }
  // Code made at run time may use the register for something else: what lies above it is then no chain.
  if (out.broken && out.unframed != WalkedStack::kNone) out.cut_behind(out.unframed);
}

WalkedStack with_hidden_callers(const std::vector<std::uint64_t>& walked, const Code& code,
                                const SpDelta& sp_delta, std::span<const TextRange> async_preempt,
                                std::uint64_t at_sp, std::uint64_t above_frame) {
  WalkedStack out;
  for (std::size_t i = 0; i < walked.size(); ++i) {
    out.pcs.push_back(walked[i]);
    const bool above_preempt = i == 2 && injected(async_preempt, walked[1]);
    const std::uint64_t caller = i == 0 ? at_sp : above_preempt ? above_frame : 0;
    if (code.go(caller) && sp_delta(walked[i]) == 0) out.pcs.push_back(caller);
  }
  out.truncated = out.pcs.size() > GT_MAX_STACK_FRAMES;
  if (out.truncated) out.pcs.resize(GT_MAX_STACK_FRAMES);
  return out;
}

void walk_sp_deltas(const StackWindow& stack, const Code& code, const SpDelta& sp_delta,
                    std::uint64_t first_pc, std::uint64_t sp, WalkedStack& out, bool link_register) {
  out.clear();
  out.broken = !code.holds(first_pc);
  if (out.broken) return;
  out.add(first_pc, code);
  add_callers(stack, code, sp_delta, sp, link_register, out);
}

void walk_on(const StackWindow& stack, const Code& code, const SpDelta& sp_delta, WalkedStack& walked) {
  if (kLinkRegister || walked.broken || walked.truncated || walked.last_sp == 0) return;
  const std::size_t sound = walked.pcs.size();
  add_callers(stack, code, sp_delta, walked.last_sp, false, walked);
  if (!walked.broken) return;
  walked.cut_behind(sound - 1);
  for (std::size_t* at : {&walked.outside, &walked.unframed}) {
    if (*at >= sound) *at = WalkedStack::kNone;
  }
}

std::uint64_t stack_identity(std::uint64_t seed, std::span<const std::uint64_t> pcs) {
  std::uint64_t hash = seed;
  for (const std::uint64_t pc : pcs) hash = gt_stack_hash_step(hash, pc);
  return gt_stack_hash_end(hash, static_cast<std::uint32_t>(pcs.size()));
}

}  // namespace gorotrace
