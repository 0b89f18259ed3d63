// One stack's bytes, walked in every way, with and without a link register.
#include "snapshot/stack_walk.h"

#include "check.h"
#include "input.h"

using namespace gorotrace;
using fuzz::check;

namespace {

constexpr TextRange kText{0x400000, 0x410000}, kInjected{0x400100, 0x400200};
constexpr std::uint64_t kBase = 0xc000001000;
constexpr std::uint64_t kUnknown = 0x40f000;  // functions from here on have no stack deltas

CodeKind elsewhere(std::uint64_t pc) {
  if (pc >= 0x600000 && pc < 0x601000) return CodeKind::kGo;
  if (pc >= 0x700000 && pc < 0x701000) return CodeKind::kFile;
  return pc >= 0x800000 && pc < 0x801000 ? CodeKind::kMemory : CodeKind::kNoCode;
}

void check_walked(const WalkedStack& walked, const Code& code, std::size_t most) {
  check(walked.pcs.size() <= most, "a stack is cut at its greatest depth");
  check(walked.broken || !walked.pcs.empty(), "a stack begins with its first pc");
  for (std::size_t i = 0; i < walked.pcs.size(); ++i) {
    check(code.holds(walked.pcs[i]), "a frame lies in code");
    check(code.go(walked.pcs[i]) || i >= walked.outside, "the first frame outside is known");
  }
  for (const std::size_t at : {walked.outside, walked.unframed})
    check(at == WalkedStack::kNone || at < walked.pcs.size(), "what is outside is one of the frames");
}

}  // namespace

// 1 byte: how; 1: frames at most; 2 each: fp, sp, first pc, where the stack ends; its bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto how = input.take<std::uint8_t>();
  const std::size_t most = 1 + input.take<std::uint8_t>();
  const std::uint64_t fp = kBase + input.take<std::uint16_t>(), sp = kBase + input.take<std::uint16_t>(),
                      first_pc = kText.begin + input.take<std::uint16_t>(),
                      hi = kBase + input.take<std::uint16_t>();
  const StackWindow stack{kBase, input.rest(), hi, most};
  const Code::Elsewhere others = elsewhere;
  const Code code(kText, (how & 1) != 0 ? &others : nullptr);
  const SpDelta sp_delta = [](std::uint64_t pc) {
    return pc < kUnknown ? std::optional(static_cast<std::int32_t>(pc % 64) - 8) : std::nullopt;
  };
  const std::array calls{kInjected};
  const Interrupted interrupted{sp_delta, calls, sp, first_pc + 4};
  WalkedStack walked;
  walk_frame_pointers(stack, code, first_pc, fp, (how & 2) != 0 ? &interrupted : nullptr, walked,
                      (how & 4) != 0);
  check_walked(walked, code, most);
  const auto hidden = with_hidden_callers(walked.pcs, kText, sp_delta, calls, sp, hi);
  check(hidden.pcs.size() <= GT_MAX_STACK_FRAMES, "a probe's stack is cut at its greatest depth");
  walk_on(stack, code, sp_delta, walked);
  check_walked(walked, code, most);
  walk_sp_deltas(stack, code, sp_delta, first_pc, sp, walked, (how & 4) != 0);
  check_walked(walked, code, most);
  return 0;
}
