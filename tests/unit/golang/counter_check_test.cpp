// The runtime's counters are where the binary's own code uses them; an offset planted wrong is refused by
// name.
#include "golang/counter_check.h"

#include <gmock/gmock.h>

#include <vector>

#include "subjects.h"

namespace gorotrace::testing {
namespace {

using ::testing::HasSubstr;

class CounterCheck : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, CounterCheck, ::testing::ValuesIn(all_subjects()), subject_name);

TEST_P(CounterCheck, EveryReleaseIsRight) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->counters_missing(), "");
}

// A lock with a rank is 16 bytes longer, and moves what lies behind it. One field alone may by chance come to
// lie where another one is used.
using Fields = std::vector<std::uint16_t RuntimeOffsets::*>;
const Fields kBehindSchedLock{&RuntimeOffsets::sched_ngsys, &RuntimeOffsets::sched_gFree_n,
                              &RuntimeOffsets::sched_gFree_stack_size,
                              &RuntimeOffsets::sched_gFree_noStack_size};
const Fields kFreeOfP{&RuntimeOffsets::p_gFree_n, &RuntimeOffsets::p_gFree_size};
const Fields kGoidsOfP{&RuntimeOffsets::p_goidcache, &RuntimeOffsets::p_goidcacheend};

class Planted : public CounterCheck {
 protected:
  static std::string moved(const GoBinary& binary, const Fields& fields) {
    RuntimeOffsets offsets = binary.offsets();
    for (const auto field : fields) {
      if (offsets.*field != kAbsent) offsets.*field = static_cast<std::uint16_t>(offsets.*field + 16);
    }
    return counters_contradiction(binary.image(), binary.pclntab(), offsets, binary.globals());
  }
};
INSTANTIATE_TEST_SUITE_P(All, Planted, ::testing::ValuesIn(subjects_where([](const Subject& s) {
                           return s.stripped() && !s.has("-pie") && !s.has("-cgo");
                         })),
                         subject_name);

TEST_P(Planted, WhatLiesBehindALockThatGrewIsNamed) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  EXPECT_THAT(moved(*binary, kBehindSchedLock), HasSubstr("runtime.sched.ngsys"));
  EXPECT_THAT(moved(*binary, kFreeOfP), HasSubstr("runtime.p.gFree."));
  EXPECT_THAT(moved(*binary, kGoidsOfP), HasSubstr("runtime.p.goidcache"));
}

TEST_P(Planted, WithoutAnAddressThereIsNothingToRead) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  RuntimeGlobals globals = binary->globals();
  globals.allp = 0;
  EXPECT_NE(counters_contradiction(binary->image(), binary->pclntab(), binary->offsets(), globals), "");
}

}  // namespace
}  // namespace gorotrace::testing
