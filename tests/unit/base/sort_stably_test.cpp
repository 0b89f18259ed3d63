#include "base/sort_stably.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace gorotrace {
namespace {

using testing::ElementsAre;

TEST(SortStably, EqualOnesStayInTheirOrder) {
  std::vector<std::string> words{"bb", "a", "cc", "d", "aa", "c"};
  sort_stably(words, {}, &std::string::size);
  EXPECT_THAT(words, ElementsAre("a", "d", "c", "bb", "cc", "aa"));
  sort_stably(words, std::ranges::greater{}, &std::string::size);
  EXPECT_THAT(words, ElementsAre("bb", "cc", "aa", "a", "d", "c"));
}

TEST(SortStably, AnOrderOfItsOwnAndWhatCannotBeCopied) {
  std::vector<std::unique_ptr<int>> numbers;
  for (const int n : {3, 1, 2}) numbers.push_back(std::make_unique<int>(n));
  sort_stably(numbers, [](const auto& a, const auto& b) { return *a < *b; });
  EXPECT_THAT(numbers, ElementsAre(testing::Pointee(1), testing::Pointee(2), testing::Pointee(3)));
  std::vector<int> none;
  sort_stably(none);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace gorotrace
