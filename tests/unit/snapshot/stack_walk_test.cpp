#include "snapshot/stack_walk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "bpf/shared/abi.h"

namespace gorotrace {
namespace {

constexpr TextRange kText{0x400000, 0x500000};
constexpr std::uint64_t kBase = 0xc000001000;

// A stack of words; hi is its end unless told.
struct FakeStack {
  std::vector<std::uint8_t> bytes;
  StackWindow window;
  explicit FakeStack(const std::vector<std::uint64_t>& words, std::uint64_t hi = 0)
      : bytes(words.size() * 8) {
    std::memcpy(bytes.data(), words.data(), bytes.size());
    window = {kBase, bytes, hi ? hi : kBase + bytes.size()};
  }
};

constexpr std::uint64_t at(std::uint64_t word) {
  return kBase + word * 8;
}
using Pcs = std::vector<std::uint64_t>;

WalkedStack by_frames(const StackWindow& stack, TextRange text, std::uint64_t pc, std::uint64_t fp,
                      const Interrupted* interrupted = nullptr, bool link_register = false) {
  WalkedStack out;
  walk_frame_pointers(stack, text, pc, fp, interrupted, out, link_register);
  return out;
}

WalkedStack by_deltas(const StackWindow& stack, TextRange text, const SpDelta& deltas, std::uint64_t pc,
                      std::uint64_t sp, bool link_register = false) {
  WalkedStack out;
  walk_sp_deltas(stack, text, deltas, pc, sp, out, link_register);
  return out;
}

TEST(FramePointers, FollowsToTheZero) {
  const FakeStack s({at(2), 0x400001, at(4), 0x400002, 0, 0x400003, 0, 0});
  const auto walked = by_frames(s.window, kText, 0x400000, at(0));
  EXPECT_EQ(walked.pcs, (Pcs{0x400000, 0x400001, 0x400002, 0x400003}));
  EXPECT_FALSE(walked.truncated);
  EXPECT_FALSE(walked.broken);
}

TEST(FramePointers, LeavingTheStackEndsIt) {
  const FakeStack s({0x7fff0000, 0x400001});
  EXPECT_EQ(by_frames(s.window, kText, 0x400000, at(0)).pcs, (Pcs{0x400000, 0x400001}));
  EXPECT_EQ(by_frames(s.window, kText, 0x400000, 0).pcs, (Pcs{0x400000}));
}

// asyncPreempt, in what follows.
const std::vector<TextRange> kInjected{{0x400020, 0x400030}};

SpDelta deltas_of(std::map<std::uint64_t, std::int32_t> known, std::int32_t otherwise) {
  return [=](std::uint64_t pc) -> std::optional<std::int32_t> {
    const auto found = known.find(pc);
    return found == known.end() ? otherwise : found->second;
  };
}

// Word 0 is where the callee's caller is, below a caller whose frame is at 2: stopped before it pushed
// anything.
TEST(FramePointers, ThePreemptedPrologueKeepsItsCaller) {
  const FakeStack s({0x400011, 7, at(4), 0x400021, 0, 0x400031, 0, 0, 0, 0});
  const SpDelta deltas = deltas_of({{0x400000, 0}}, 16);
  const Interrupted stopped{deltas, {}, at(0)};
  const auto walked = by_frames(s.window, kText, 0x400000, at(2), &stopped);
  EXPECT_EQ(walked.pcs, (Pcs{0x400000, 0x400011, 0x400021, 0x400031}));
  // At a call, and with its frame set up (8 bytes of it, then the return address), nothing is hidden.
  const Interrupted at_call{deltas, {}};
  EXPECT_EQ(by_frames(s.window, kText, 0x400000, at(2), &at_call).pcs, (Pcs{0x400000, 0x400021, 0x400031}));
  const SpDelta set_up = deltas_of({{0x400000, 24}}, 8);
  const Interrupted in_body{set_up, {}, at(0)};
  EXPECT_EQ(by_frames(s.window, kText, 0x400000, at(2), &in_body).pcs, (Pcs{0x400000, 0x400021, 0x400031}));
}

std::vector<std::uint64_t> completed(const Pcs& walked, const SpDelta& deltas, std::uint64_t at_sp,
                                     std::uint64_t above_frame) {
  return with_hidden_callers(walked, kText, deltas, kInjected, at_sp, above_frame).pcs;
}

// What a probe walked of the same two stacks becomes what memory shows of them.
TEST(HiddenCallers, StoppedByNewstackItIsTheWordAtSp) {
  const SpDelta deltas = deltas_of({{0x400000, 0}, {0x3fffff, 0}}, 16);
  const FakeStack s({0x400011, 7, at(4), 0x400041, 0, 0x400051, 0, 0, 0, 0});
  const Interrupted stopped{deltas, kInjected, at(0)};
  const Pcs from_memory = by_frames(s.window, kText, 0x400000, at(2), &stopped).pcs;
  EXPECT_EQ(from_memory, (Pcs{0x400000, 0x400011, 0x400041, 0x400051}));
  EXPECT_EQ(completed({0x400000, 0x400041, 0x400051}, deltas, 0x400011, 0), from_memory);
}

// A stack on which a signal stopped the function at `pc`: asyncPreempt2 has 16 bytes below its frame at 2,
// asyncPreempt's frame is at 4, and right above it the caller of the leaf.
struct Stopped {
  FakeStack stack;
  explicit Stopped(std::uint64_t pc)
      : stack({7, 7, at(4), 0x400021, at(8), pc, 0x400041, 7, 0, 0x400051, 0, 0, 0, 0}) {}
  [[nodiscard]] Pcs from_memory(const SpDelta& deltas) const {
    const Interrupted interrupted{deltas, kInjected, at(0)};
    return by_frames(stack.window, kText, 0x400011, at(2), &interrupted).pcs;
  }
};

TEST(HiddenCallers, StoppedByASignalItIsTheWordAboveAsyncPreempt) {
  const SpDelta deltas = deltas_of({{0x400031, 0}, {0x400030, 0}}, 24);
  const Pcs whole{0x400011, 0x400021, 0x400031, 0x400041, 0x400051};
  EXPECT_EQ(Stopped(0x400031).from_memory(deltas), whole);
  EXPECT_EQ(completed({0x400011, 0x400021, 0x400031, 0x400051}, deltas, 7, 0x400041), whole);
}

// At a RET the instruction before it takes the frame away (ADDQ, up to Go 1.20): with its stack delta the
// frame of a caller that is 8 bytes smaller passes for the function's own.
TEST(HiddenCallers, AReturnToASmallerFrameKeepsIt) {
  const SpDelta deltas = deltas_of({{0x400031, 0}}, 24);
  const Pcs whole{0x400011, 0x400021, 0x400031, 0x400041, 0x400051};
  EXPECT_EQ(Stopped(0x400031).from_memory(deltas), whole);
  EXPECT_EQ(completed({0x400011, 0x400021, 0x400031, 0x400051}, deltas, 7, 0x400041), whole);
  // So it is for the first one, of which only the entry of a goroutine that never ran follows no call.
  const FakeStack s({0x400041, 7, 0, 0x400051, 0, 0, 0, 0});
  const Interrupted stopped{deltas, kInjected, at(0)};
  EXPECT_EQ(by_frames(s.window, kText, 0x400031, at(2), &stopped).pcs, (Pcs{0x400031, 0x400041, 0x400051}));
}

// The instruction after a call may have no frame: only above an injected call does that say anything.
TEST(HiddenCallers, WhatFollowsACallHidesNothing) {
  const SpDelta deltas = deltas_of({{0x400061, 0}, {0x400031, 24}}, 0);
  const FakeStack s({7, 7, at(4), 0x400061, at(8), 0x400062, 0x400041, 7, 0, 0x400051, 0, 0, 0, 0});
  const Interrupted interrupted{deltas, kInjected};
  EXPECT_EQ(by_frames(s.window, kText, 0x400011, at(2), &interrupted).pcs,
            (Pcs{0x400011, 0x400061, 0x400062, 0x400051}));
  EXPECT_EQ(completed({0x400011, 0x400061, 0x400062, 0x400051}, deltas, 7, 0x400041),
            (Pcs{0x400011, 0x400061, 0x400062, 0x400051}));
}

// The handler pushed the link register above the 16 bytes of the injected call's frame, whose frame pointer
// is at 1; the frame of the leaf's caller begins at 6.
TEST(HiddenCallers, WithALinkRegisterItIsTheOnePushed) {
  const SpDelta leaf = deltas_of({{0x400031, 0}}, 16);
  const FakeStack s({7, at(5), 0x400031, 7, 0x400041, at(9), 0x400051, 7, 7, 0, 0x400061, 7, 0, 0, 0, 0});
  const Interrupted in_leaf{leaf, kInjected};
  EXPECT_EQ(by_frames(s.window, kText, 0x400021, at(1), &in_leaf, true).pcs,
            (Pcs{0x400021, 0x400031, 0x400041, 0x400051, 0x400061}));
  // With its frame set up at its SP: the link register holds whatever the last call left there.
  const FakeStack framed(
      {7, at(5), 0x400031, 7, 0x400041, at(9), 0x400051, 7, 7, 0, 0x400061, 7, 0, 0, 0, 0});
  const SpDelta has_frame = deltas_of({}, 16);
  const Interrupted in_body{has_frame, kInjected};
  EXPECT_EQ(by_frames(framed.window, kText, 0x400021, at(1), &in_body, true).pcs,
            (Pcs{0x400021, 0x400031, 0x400051, 0x400061}));
  // Between storing the link register and setting the frame pointer, which is still its caller's.
  const FakeStack prologue({7, at(9), 0x400031, 7, 0, 7, 0x400041, 7, 7, 0, 0x400061, 7, 0, 0, 0, 0});
  EXPECT_EQ(by_frames(prologue.window, kText, 0x400021, at(1), &in_body, true).pcs,
            (Pcs{0x400021, 0x400031, 0x400041, 0x400061}));
}

TEST(HiddenCallers, WithALinkRegisterNewstackKeptIt) {
  const SpDelta deltas = deltas_of({{0x400031, 0}}, 16);
  const FakeStack s({0xbad, at(2), 0x400051, 0, 0, 0, 0});
  const Interrupted stopped{deltas, kInjected, at(0), 0x400041};
  EXPECT_EQ(by_frames(s.window, kText, 0x400031, at(1), &stopped, true).pcs,
            (Pcs{0x400031, 0x400041, 0x400051}));
}

TEST(HiddenCallers, NothingIsPutInWhereAFrameStandsOrTheWordIsNoCode) {
  const Pcs walked{0x400000, 0x400021, 0x400031};
  const SpDelta none = deltas_of({}, 0);
  EXPECT_EQ(completed(walked, none, 0x500000, 0), walked);
  EXPECT_EQ(completed(walked, deltas_of({}, 24), 0x400011, 0x400011), walked);
  EXPECT_EQ(
      completed(walked, [](std::uint64_t) { return std::optional<std::int32_t>(); }, 0x400011, 0), walked);
  EXPECT_TRUE(completed({}, none, 0x400011, 0x400011).empty());
}

TEST(HiddenCallers, AFullStackLosesItsOutermostFrame) {
  const Pcs walked(GT_MAX_STACK_FRAMES, 0x400021);
  const auto whole = with_hidden_callers(walked, kText, deltas_of({}, 0), kInjected, 0x400011, 0);
  EXPECT_EQ(whole.pcs.size(), std::size_t{GT_MAX_STACK_FRAMES});
  EXPECT_EQ(whole.pcs[1], 0x400011u);
  EXPECT_TRUE(whole.truncated);
}

TEST(FramePointers, CyclesFallingChainsAndForeignPcsAreBroken) {
  EXPECT_TRUE(by_frames(FakeStack({at(0), 0x400001}).window, kText, 0x400000, at(0)).broken);
  const FakeStack falling({0, 0, at(0), 0x400001});
  EXPECT_TRUE(by_frames(falling.window, kText, 0x400000, at(2)).broken);
  EXPECT_TRUE(by_frames(FakeStack({0, 0x500000}).window, kText, 0x400000, at(0)).broken);
  EXPECT_TRUE(by_frames(FakeStack({0, 0x400001}).window, kText, 0x3fffff, at(0)).broken);
  EXPECT_TRUE(by_frames(FakeStack({0, 0x400001, 0}).window, kText, 0x400000, at(0) + 4).broken);
}

TEST(FramePointers, WindowAndDepthTruncate) {
  const FakeStack cut({at(100), 0x400001}, at(200));
  const auto walked = by_frames(cut.window, kText, 0x400000, at(0));
  EXPECT_TRUE(walked.truncated);
  EXPECT_EQ(walked.pcs.size(), 2u);

  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 0; i < 100; ++i) {
    words.push_back(at(2 * (i + 1)));
    words.push_back(0x400001 + i);
  }
  const auto deep = by_frames(FakeStack(words).window, kText, 0x400000, at(0));
  EXPECT_TRUE(deep.truncated);
  EXPECT_EQ(deep.pcs.size(), static_cast<std::size_t>(GT_MAX_STACK_FRAMES));
  words.resize(2 * 63);
  words[2 * 62] = 0;
  EXPECT_FALSE(by_frames(FakeStack(words).window, kText, 0x400000, at(0)).truncated);
}

TEST(SpDeltas, AddsFrameSizesUntilTheReservedTop) {
  const FakeStack s({1, 0x400011, 2, 3, 0x400021, 0, 0, 0, 0});
  const auto delta = [](std::uint64_t pc) -> std::optional<std::int32_t> {
    if (pc == 0x400000) return 8;
    if (pc == 0x400010) return 16;
    return 0;
  };
  const auto walked = by_deltas(s.window, kText, delta, 0x400001, at(0));
  EXPECT_EQ(walked.pcs, (Pcs{0x400001, 0x400011, 0x400021}));
  EXPECT_FALSE(walked.broken);
}

// arm64: the return address lies at each frame's SP; goexit has no frame.
TEST(SpDeltas, LinkRegisterIsStoredAtTheFramesBottom) {
  const FakeStack s({0x400011, 0xbad, 0x400021, 0xbad, 0xbad, 0xbad, 0, 0, 0, 0, 0, 0});
  const auto delta = [](std::uint64_t pc) -> std::optional<std::int32_t> {
    return pc == 0x400000 ? 16 : pc == 0x400010 ? 32 : 0;
  };
  const auto walked = by_deltas(s.window, kText, delta, 0x400001, at(0), true);
  EXPECT_EQ(walked.pcs, (Pcs{0x400001, 0x400011, 0x400021}));
  EXPECT_FALSE(walked.broken);
  EXPECT_FALSE(walked.truncated);
}

TEST(SpDeltas, HostileDeltasEndInBounds) {
  const FakeStack s({0x400001, 0x400001, 0, 0, 0, 0});
  const auto with = [&](std::optional<std::int32_t> d) {
    return by_deltas(s.window, kText, [d](std::uint64_t) { return d; }, 0x400001, at(0));
  };
  EXPECT_TRUE(with(std::nullopt).broken);
  EXPECT_TRUE(with(-8).broken);
  EXPECT_TRUE(with(4).broken);
  EXPECT_EQ(with(1 << 30).pcs.size(), 1u);
  EXPECT_EQ(with(0).pcs.size(), 3u);  // two words of stack, then the reserve
}

TEST(Identity, IsTheKernels) {
  const std::uint64_t seed = 77, hash = gt_stack_hash_step(gt_stack_hash_step(seed, 1), 2);
  EXPECT_EQ(stack_identity(seed, Pcs{1, 2}), gt_stack_hash_end(hash, 2));
  EXPECT_NE(stack_identity(seed, Pcs{1, 2}), stack_identity(seed, Pcs{2, 1}));
  EXPECT_NE(stack_identity(seed, Pcs{1, 2}), stack_identity(seed + 1, Pcs{1, 2}));
}

}  // namespace
}  // namespace gorotrace
