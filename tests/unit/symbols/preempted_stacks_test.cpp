#include "symbols/preempted_stacks.h"

#include <gtest/gtest.h>

#include <vector>

namespace gorotrace {
namespace {

using Pcs = std::vector<std::uint64_t>;
constexpr TextRange kText{0x400000, 0x500000};
constexpr std::uint64_t kLeaf = 0x400100, kCaller = 0x400201, kOuter = 0x400301;
constexpr std::uint64_t kGone = 1u << 20;  // the kernel no longer has it

struct Fixture {
  int pulled = 0;
  Pcs walked{kLeaf, kOuter};
  PreemptedStacks stacks{kText,
                         // Only the leaf has no frame.
                         [](std::uint64_t pc) { return std::optional<std::int32_t>(pc == kLeaf ? 0 : 32); },
                         {},
                         [this](std::uint64_t id) -> std::optional<StackTable::Stack> {
                           ++pulled;
                           if (id == kGone) return std::nullopt;
                           return StackTable::Stack{walked, false};
                         }};
};

TEST(PreemptedStacks, AHiddenCallerIsPutInUnderAnIdentityOfItsOwn) {
  Fixture f;
  const std::uint64_t whole = f.stacks.complete(7, kCaller, 0);
  EXPECT_EQ(whole, stack_identity(Pcs{kLeaf, kCaller, kOuter}));
  ASSERT_TRUE(f.stacks.find(whole));
  EXPECT_EQ(f.stacks.find(whole)->pcs, (Pcs{kLeaf, kCaller, kOuter}));
  EXPECT_EQ(f.stacks.find(7)->pcs, f.walked) << "the walked one may soon be gone from the kernel's map";
  EXPECT_EQ(f.stacks.complete(7, kCaller, 0), whole);
  EXPECT_EQ(f.pulled, 1);
}

TEST(PreemptedStacks, WhatHidesNothingStaysAsItWasWalked) {
  Fixture f;
  EXPECT_EQ(f.stacks.complete(7, 0x700000, 0), 7u) << "no address of text";
  f.walked = {kOuter, kOuter};
  EXPECT_EQ(f.stacks.complete(8, kCaller, 0), 8u) << "it has a frame";
  EXPECT_EQ(f.stacks.complete(kGone, kCaller, 0), kGone) << "not to be had";
  EXPECT_EQ(f.stacks.complete(0, kCaller, 0), 0u);
  EXPECT_FALSE(f.stacks.find(kGone));
}

TEST(PreemptedStacks, IsBounded) {
  Fixture f;
  std::uint64_t id = 1;
  while (f.stacks.complete(id, kCaller, 0) != id) {
    ++id;
    f.walked[1] = kOuter + id;
    ASSERT_LE(id, PreemptedStacks::kMaxStacks);
  }
  EXPECT_GT(id, PreemptedStacks::kMaxStacks / 2 - 2);
  EXPECT_EQ(f.stacks.complete(1, kCaller, 0), stack_identity(Pcs{kLeaf, kCaller, kOuter}))
      << "known ones stay";
}

}  // namespace
}  // namespace gorotrace
