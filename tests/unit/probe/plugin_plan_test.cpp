// A plugin has copies of the runtime's functions that its code needs, and those get probes, too.
#include <gmock/gmock.h>

#include <set>
#include <string>

#include "probe/counterparts.h"
#include "subjects.h"

namespace gorotrace {
namespace {

using ::testing::IsEmpty;

class Plugin : public ::testing::TestWithParam<const char*> {
 protected:
  Subject plugin_ = open_subject("plugin-" + std::string(GetParam()));
  GoVersion version_ = GoVersion::parse("go" + std::string(GetParam())).value();

  [[nodiscard]] Plan plan() const {
    const Module module{
        .image = plugin_.image.get(), .table = plugin_.pclntab.get(), .path = {}, .open_path = {}};
    auto plan = make_plugin_plan(module, version_, {});
    if (!plan) throw std::runtime_error(plan.error().message);
    return *std::move(plan);
  }
};

TEST_P(Plugin, ItsCopiesAreProbedAndWhatItLacksIsNotMissing) {
  const Plan plan = this->plan();
  std::set<gt_hook> hooks;
  for (const Site& site : plan.sites) {
    hooks.insert(site.hook);
    if ((site.groups & group_bit(GT_GROUP_PANIC)) != 0) continue;  // hit once
    EXPECT_EQ(site.execution, Execution::kEmulated) << site.function;
  }
  // What direct calls in its own text lead to (R5).
  for (const gt_hook hook : {GT_HOOK_CREATE, GT_HOOK_READY, GT_HOOK_SYSCALL_ENTER, GT_HOOK_SYSCALL_EXIT,
                             GT_HOOK_SEM_RELEASE, GT_HOOK_CHAN_SEND, GT_HOOK_CHAN_RECV})
    EXPECT_TRUE(hooks.contains(hook)) << name_of(hook);
  for (const Unplanned& u : plan.unplanned) EXPECT_TRUE(u.expected) << u.function << ": " << u.reason;
}

TEST_P(Plugin, EachOfItsSitesIsCountedAsOneOfAProgram) {
  const std::string minor = std::string(GetParam()).substr(0, 4);
  const Plan program = plan_of(open_subject("go" + minor + "-amd64"));
  const Plan plan = this->plan();
  const auto alike = counterparts(program, plan);
  ASSERT_EQ(alike.size(), plan.sites.size());
  for (std::size_t i = 0; i < alike.size(); ++i) {
    ASSERT_TRUE(alike[i]) << plan.sites[i].function;
    EXPECT_EQ(program.sites.at(*alike[i]).groups, plan.sites[i].groups) << plan.sites[i].function;
  }
}

INSTANTIATE_TEST_SUITE_P(Go, Plugin, ::testing::Values("1.18.10", "1.27.4"),
                         [](const auto& p) { return "go1_" + std::string(p.param).substr(2, 2); });

}  // namespace
}  // namespace gorotrace
