// As which site of the program's a plugin's is counted.
#include "probe/counterparts.h"

#include <gmock/gmock.h>

namespace gorotrace::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

Site site(gt_hook hook, GroupMask groups, const char* function, Execution execution = Execution::kEmulated) {
  Site s;
  s.hook = hook, s.groups = groups, s.function = function, s.execution = execution;
  return s;
}

constexpr GroupMask kBlock = 1u << GT_GROUP_BLOCK, kChan = 1u << GT_GROUP_CHAN;

TEST(Counterparts, TheSamePlaceOfTheSameFunctionComesFirst) {
  const auto ready = site(GT_HOOK_READY, kBlock, "runtime.ready"),
             find = site(GT_HOOK_READY, kBlock, "runtime.findRunnable");
  const Plan program{{ready, find, find, find}, {}}, plugin{{find, find, ready}, {}};
  EXPECT_THAT(counterparts(program, plugin), ElementsAre(Optional(1), Optional(2), Optional(0)));
}

TEST(Counterparts, ElseOneThatServesTheSameGroupsAndCostsAlike) {
  const Plan program{{site(GT_HOOK_READY, kBlock, "runtime.ready"),
                      site(GT_HOOK_CHAN_SEND, kChan, "runtime.chansend", Execution::kSingleStep),
                      site(GT_HOOK_CHAN_RECV, kChan, "runtime.chanrecv")},
                     {}};
  const Plan plugin{{site(GT_HOOK_CHAN_CLOSE, kChan, "runtime.closechan"),
                     site(GT_HOOK_READY, kBlock, "runtime.findRunnable"),
                     site(GT_HOOK_READY, kBlock, "runtime.ready", Execution::kSingleStep),
                     site(GT_HOOK_SEM_ACQUIRE, 1u << GT_GROUP_SYNC, "runtime.semacquire1")},
                    {}};
  EXPECT_THAT(counterparts(program, plugin),
              ElementsAre(Optional(2), Optional(0), Optional(0), std::optional<std::uint8_t>()));
}

}  // namespace
}  // namespace gorotrace::testing
