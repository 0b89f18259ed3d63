#include "snapshot/label_values.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(LabelValues, OneNumberForOneValueAndNoMoreThanATableHolds) {
  LabelValues values, of_another_reader;
  const LabelId acme = values.id("acme");
  EXPECT_EQ(values.id("acme"), acme);
  EXPECT_EQ(of_another_reader.id("acme"), acme);
  EXPECT_NE(values.id("zeta"), acme);
  EXPECT_EQ(label_known(acme), LabelKnown::kValue);
  EXPECT_EQ(values.take_new(), (std::vector<LabelValue>{{acme, "acme"}, {values.id("zeta"), "zeta"}}));
  EXPECT_TRUE(values.take_new().empty()) << "each is told once";
  for (std::size_t i = 2; i < LabelValues::kMax; ++i)
    EXPECT_EQ(label_known(values.id(std::to_string(i))), LabelKnown::kValue);
  EXPECT_EQ(values.id("one too many"), kLabelOther);
  EXPECT_EQ(values.id("acme"), acme);
}

}  // namespace
}  // namespace gorotrace
