#include "cli/sites_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "report/columns.h"

namespace gorotrace {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SitesText, ANarrowTerminalBreaksCellsAndCutsNone) {
  Plan plan;
  Site site;
  site.function = "runtime.aFunctionOfALongName.func1";
  site.groups = static_cast<GroupMask>(group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) |
                                       group_bit(GT_GROUP_RUN) | group_bit(GT_GROUP_SYSCALL));
  site.mnemonic = "call 0x45c240";
  plan.sites.push_back(site);
  EXPECT_THAT(sites_text(plan, std::nullopt, 1000), HasSubstr("runtime.aFunctionOfALongName.func1"));
  const std::string narrow = sites_text(plan, std::nullopt, 80);
  std::istringstream lines(narrow);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80u) << line;
  EXPECT_THAT(narrow, Not(HasSubstr("…")));
  EXPECT_THAT(narrow, HasSubstr("func1"));
}

TEST(SitesText, SaysWhatIsMissingAndWhatIsInferred) {
  Plan plan;
  plan.unplanned = {{GT_HOOK_READY, "runtime.findRunnable", "inlined", false, true},
                    {GT_HOOK_PARK, "runtime.park_m", "gone", false},
                    {GT_HOOK_CORO_OUT, "runtime.coroswitch_m", "not linked in", true}};
  const std::string text = sites_text(plan, std::nullopt, 200);
  EXPECT_THAT(text, HasSubstr("ready     INFERRED: runtime.findRunnable: inlined\n"));
  EXPECT_THAT(text, HasSubstr("park      MISSING: runtime.park_m: gone\n"));
  EXPECT_THAT(text, HasSubstr("coro-out  not needed: runtime.coroswitch_m: not linked in\n"));
  EXPECT_TRUE(lacks_sites(plan));
  plan.unplanned.erase(plan.unplanned.begin() + 1);
  EXPECT_FALSE(lacks_sites(plan));
}

}  // namespace
}  // namespace gorotrace
