#include "probe/walk.h"

#include <algorithm>
#include <bit>

#include "probe/emulation.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kMaxFunctionBytes = 64 * 1024;  // the longest planned function has under 8 KiB
constexpr int kMaxSpillInstructions = 24;               // a morestack block spills the arguments first

}  // namespace

FunctionCode Walker::decode(const GoFunction& function) const {
  FunctionCode code{function.name, function.entry, nullptr, {}};
  if (function.end <= function.entry) return code;
  code.bytes = std::make_unique<const std::vector<std::uint8_t>>(
      image_.bytes_at(function.entry, std::min(function.end - function.entry, kMaxFunctionBytes)));
  disassembler_.each(*code.bytes, function.entry, [&](const Instruction& i) {
    code.instructions.push_back(i);
    return true;
  });
  return code;
}

// cmd/internal/obj/{x86,arm64}/obj*.go, stacksplit: the branch goes to a block that spills the argument
// registers and calls morestack or morestack_noctxt.
bool Walker::is_stack_check(const Instruction& branch) const {
  if (branch.flow != Instruction::Flow::kConditional || branch.target == 0) return false;
  const auto block = image_.bytes_up_to(branch.target, kMaxSpillInstructions * 8);
  bool found = false;
  int left = kMaxSpillInstructions;
  disassembler_.each(block, branch.target, [&](const Instruction& i) {
    if (i.flow == Instruction::Flow::kCall && i.target != 0) {
      const auto callee = pclntab_.function_at(i.target);
      found = callee && callee->entry == i.target && callee->name.starts_with("runtime.morestack");
    }
    return i.flow == Instruction::Flow::kNext && --left > 0;
  });
  return found;
}

// A branch back to between the entry and the site would execute the site more than once per call.
bool Walker::entered_again(const FunctionCode& code, std::size_t index) const {
  const std::uint64_t site = code.instructions[index].address;
  return std::any_of(code.instructions.begin(), code.instructions.end(), [&](const Instruction& i) {
    return (i.flow == Instruction::Flow::kConditional || i.flow == Instruction::Flow::kJump) &&
           i.address >= site && i.target > code.entry && i.target <= site;
  });
}

Execution Walker::execution(const Instruction& instruction) const {
  return is_emulated(disassembler_.arch(), instruction.bytes, costs_) ? Execution::kEmulated
                                                                      : Execution::kSingleStep;
}

std::optional<Candidate> Walker::cheapest(const FunctionCode& code, const Search& search) const {
  const RegMask sp = reg_bit(static_cast<unsigned>(disassembler_.stack_pointer()));
  const RegMask fp = reg_bit(static_cast<unsigned>(disassembler_.frame_pointer()));
  RegMask holders = reg_bit(static_cast<unsigned>(search.value));
  bool frame_set = search.frame_set, frame_partial = false;
  std::optional<Candidate> best;
  for (std::size_t n = search.from; n < code.instructions.size() && holders != 0; ++n) {
    const Instruction& i = code.instructions[n];
    const bool stack_check = is_stack_check(i);
    // Between the move of sp and that of fp neither [fp + 8] nor [sp] is the caller. A stack check of another
    // shape than jbe / b.ls could not be told apart from an event by its flags.
    const bool correct = !frame_partial && !is_forbidden_site(disassembler_.arch(), i.bytes) &&
                         i.flow != Instruction::Flow::kEnd &&
                         !(stack_check && search.on_user_stack && !i.unsigned_below_or_equal);
    const Execution how = execution(i);
    // What must be single-stepped anyway may as well be the first instruction: nothing is written there yet.
    const bool eligible = how == Execution::kEmulated || n == search.from;
    if (correct && eligible && (!best || costs_.of(how) < costs_.of(best->execution)) &&
        !entered_again(code, n)) {
      const bool original = (holders & reg_bit(static_cast<unsigned>(search.value))) != 0;
      std::uint8_t flags = frame_set ? GT_SITE_FRAME_SET : 0;
      if (stack_check && search.on_user_stack) flags |= GT_SITE_SKIP_TAKEN;
      best = Candidate{n, original ? search.value : std::countr_zero(holders), flags, how};
    }
    // Beyond a branch an instruction is not executed on every path, beyond a call the registers are gone.
    if (i.flow != Instruction::Flow::kNext && !stack_check) break;
    if ((i.writes & search.also) != 0) break;
    const bool copies =
        i.copy_bytes == 8 && i.copy_from >= 0 && (holders & reg_bit(static_cast<unsigned>(i.copy_from))) != 0;
    holders &= ~i.writes;
    if (copies) holders |= reg_bit(static_cast<unsigned>(i.copy_to));
    if ((i.writes & fp) != 0) {
      frame_set = true, frame_partial = false;
    } else if ((i.writes & sp) != 0 && !frame_set) {
      frame_partial = true;
    }
  }
  return best;
}

}  // namespace gorotrace
