#include "waits/holder_signs.h"

#include <algorithm>
#include <string>

namespace gorotrace::waits {
namespace {

constexpr std::uint64_t kRunningStack = 16 * 1024;  // bytes of a running one, from its base

}  // namespace

void LockSet::add(std::uint64_t address) {
  addresses_.insert(address);
  lowest_ = std::min(lowest_, address);
  highest_ = std::max(highest_, address);
}

std::pair<std::uint64_t, std::uint64_t> searched_stack(const GWords& g) {
  if (g.stack_hi <= g.stack_lo) return {0, 0};
  const std::uint64_t sp = g.state() == GStatus::kSyscall ? g.syscallsp : g.sched_sp;
  if (g.at_rest() && sp >= g.stack_lo && sp < g.stack_hi)
    return {sp, std::min(kMaxHolderStack, g.stack_hi - sp)};
  const std::uint64_t size = std::min(kRunningStack, g.stack_hi - g.stack_lo);
  return {g.stack_hi - size, size};
}

std::map<std::uint64_t, HeldAddress> HolderSigns::on_stack(Bytes stack, const LockSet& locks,
                                                           const Frames& frames) {
  std::map<std::uint64_t, HeldAddress> out;
  std::uint64_t below = 0, second = 0;
  for (std::size_t at = 0; at + 8 <= stack.size(); at += 8) {
    const std::uint64_t word = load<std::uint64_t>(stack, at).value_or(0);
    if (locks.contains(word)) {
      const HeldAddress found{of(below, second, frames), at};
      const auto [best, fresh] = out.try_emplace(word, found);
      if (!fresh && stronger(found, best->second)) best->second = found;
    }
    second = below;
    below = word;
  }
  return out;
}

// below, second: the words below it on the stack, the nearer one first.
Sign HolderSigns::of(std::uint64_t below, std::uint64_t second, const Frames& frames) {
  // Of an interface the closure has the type and then the value.
  return of(second, frames) == Sign::kDeferred ? Sign::kDeferred : of(below, frames);
}

Sign HolderSigns::of(std::uint64_t before, const Frames& frames) {
  if (config_.modules == nullptr) return Sign::kNone;
  const Meaning& what = meaning(before);
  if (what.sign != Sign::kDeferred) return what.sign;
  const std::string by = what.deferred_by;
  return std::ranges::any_of(frames(), [&](std::uint64_t pc) { return function_of(pc) == by; })
             ? Sign::kDeferred
             : Sign::kNone;
}

// cmd/compile makes a closure of a deferred call, in the frame: its code, then what it is called with
// (escape/call.go; its name: ir/func.go closureName). A register argument that outlives a call is kept beyond
// the return address (cmd/compile/abi-internal.md, the spill space; on arm64 behind the caller's saved link
// register, which is one as well).
const HolderSigns::Meaning& HolderSigns::meaning(std::uint64_t word) {
  const auto [known, fresh] = meanings_.try_emplace(word);
  if (!fresh) return known->second;
  const auto function = config_.modules->function_at(word);
  if (!function) return known->second;
  const std::size_t wrap = function->name.find(".deferwrap");
  if (word != function->entry) {
    known->second.sign = Sign::kArgument;
  } else if (wrap != std::string::npos) {
    known->second = {Sign::kDeferred, std::string(function->name.substr(0, wrap))};
  }
  return known->second;
}

const std::string& HolderSigns::function_of(std::uint64_t pc) {
  const auto [known, fresh] = functions_.try_emplace(pc);
  // A return address may be that of the next function.
  if (fresh) {
    if (const auto function = config_.modules->function_at(pc - 1)) known->second = function->name;
  }
  return known->second;
}

}  // namespace gorotrace::waits
