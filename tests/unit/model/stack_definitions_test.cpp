#include "model/stack_definitions.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

StackRef stack(std::uint64_t pc) {
  return std::make_shared<const StackPcs>(StackPcs{{pc}, false});
}

TEST(StackDefinitions, TheFirstDefinitionHolds) {
  StackDefinitions stacks;
  stacks.define(5, stack(0x1));
  stacks.define(5, stack(0x2));
  EXPECT_EQ((*stacks.find(5))->pcs[0], 0x1u);
  EXPECT_EQ(stacks.find(6), nullptr);
}

TEST(StackDefinitions, WhatIsOldAndUnnamedIsForgotten) {
  StackDefinitions stacks;
  std::uint64_t id = 1;
  for (; !stacks.crowded(); ++id) {
    stacks.define(id, stack(id));
    stacks.define(2, stack(2));  // is used all the time
  }
  stacks.forget([](std::uint64_t named) { return named == 1; });
  EXPECT_FALSE(stacks.crowded());
  EXPECT_NE(stacks.find(1), nullptr);  // named
  EXPECT_NE(stacks.find(2), nullptr);  // defined lately
  EXPECT_EQ(stacks.find(3), nullptr);  // neither
  EXPECT_NE(stacks.find(id - 1), nullptr);
  EXPECT_LE(stacks.size(), StackDefinitions::kGeneration + 3);
}

TEST(NamedStacks, AreEqualByContent) {
  const NamedStacks a(NamedStacks::Map{{1, stack(7)}}), b(NamedStacks::Map{{1, stack(7)}}),
      c(NamedStacks::Map{{1, stack(8)}});
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a == c);
  EXPECT_FALSE(a == NamedStacks());
  EXPECT_EQ(NamedStacks(), NamedStacks(NamedStacks::Map{}));
}

}  // namespace
}  // namespace gorotrace
