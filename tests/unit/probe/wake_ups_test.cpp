// Nobody becomes runnable unseen: every casgstatus(gp, _Gwaiting, _Grunnable) of every runtime is at a hook.
// The calls are found here by Capstone's texts, without the planner's reading of constants.
#include <capstone/capstone.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golang/version.h"
#include "subjects.h"

namespace gorotrace {
namespace {

constexpr int kRunnable = 1, kWaiting = 4;  // runtime/runtime2.go

// The goroutine that a debugger had call a function goes on: nobody traces it then, or its wait and its run
// are the debugger's (runtime/debugcall.go).
const std::set<std::string> kExceptions = {"runtime.debugCallWrap1.func1"};

struct Line {
  std::uint64_t address;
  std::string name, operands;
};

std::vector<Line> lines_of(Arch arch, const std::vector<std::uint8_t>& code, std::uint64_t address) {
  csh handle = 0;
  const bool amd64 = arch == Arch::kAmd64;
  if (cs_open(amd64 ? CS_ARCH_X86 : CS_ARCH_ARM64, amd64 ? CS_MODE_64 : CS_MODE_ARM, &handle) != CS_ERR_OK)
    throw std::runtime_error("Capstone");
  cs_option(handle, CS_OPT_SKIPDATA, CS_OPT_ON);
  cs_insn* insns = nullptr;
  const std::size_t n = cs_disasm(handle, code.data(), code.size(), address, 0, &insns);
  std::vector<Line> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back({insns[i].address, insns[i].mnemonic, insns[i].op_str});
  cs_free(insns, n);
  cs_close(&handle);
  return out;
}

std::vector<std::string> split(std::string_view operands) {
  std::vector<std::string> out;
  while (!operands.empty()) {
    const std::size_t comma = std::min(operands.find(", "), operands.size());
    out.emplace_back(operands.substr(0, comma));
    operands.remove_prefix(std::min(comma + 2, operands.size()));
  }
  return out;
}

std::optional<std::int64_t> number(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// ebx and rbx, w1 and x1 are one.
std::string whole(std::string reg) {
  if (reg.size() == 3 && reg[0] == 'e') reg[0] = 'r';
  if (reg.size() >= 2 && reg[0] == 'w' && reg != "wzr") reg[0] = 'x';
  if (reg.ends_with('d') && reg[0] == 'r' && reg.size() <= 4 && reg[1] >= '0' && reg[1] <= '9')
    reg.pop_back();
  return reg;
}

// The constant that was last written to the register, line by line upwards, as long as no call intervenes.
std::optional<std::int64_t> constant_above(const std::vector<Line>& lines, std::size_t call,
                                           std::string reg) {
  for (std::size_t n = call; n-- > 0;) {
    const Line& line = lines[n];
    if (line.name == "call" || line.name == "bl" || line.name == "blr") return std::nullopt;
    if (line.name.starts_with("cmp") || line.name.starts_with("test") || line.name.starts_with("st") ||
        line.name.starts_with("cb") || line.name.starts_with("tb"))
      continue;
    const std::vector<std::string> operands = split(line.operands);
    if (operands.empty() || whole(operands[0]) != reg) continue;
    const bool moves =
        (line.name == "mov" || line.name == "movabs" || line.name == "movz") && operands.size() == 2;
    const bool sets = line.name == "orr" && operands.size() == 3 && operands[1].ends_with("zr");
    if (!moves && !sets) return std::nullopt;
    if (const auto value = number(operands.back())) return value;
    if (!moves || operands[1].find('[') != std::string::npos) return std::nullopt;
    reg = whole(operands[1]);
  }
  return std::nullopt;
}

struct WakeUp {
  std::string function;
  std::uint64_t address = 0;
};

// Every call of casgstatus that may make a waiting goroutine runnable.
std::vector<WakeUp> wake_ups_of(const Subject& s) {
  const auto casgstatus = s.pclntab->function_named("runtime.casgstatus");
  if (!casgstatus) throw std::runtime_error("no casgstatus");
  const bool amd64 = s.image->arch() == Arch::kAmd64;
  std::vector<WakeUp> out;
  for (std::size_t i = 0; i < s.pclntab->function_count(); ++i) {
    const auto function = s.pclntab->function(i);
    if (!function || !function->name.starts_with("runtime.")) continue;
    const std::vector<Line> lines =
        lines_of(s.image->arch(), s.image->bytes_at(function->entry, function->end - function->entry),
                 function->entry);
    for (std::size_t n = 0; n < lines.size(); ++n) {
      if ((lines[n].name != "call" && lines[n].name != "bl") ||
          number(lines[n].operands) != static_cast<std::int64_t>(casgstatus->entry))
        continue;
      const auto from = constant_above(lines, n, amd64 ? "rbx" : "x1");
      const auto to = constant_above(lines, n, amd64 ? "rcx" : "x2");
      if (from.value_or(kWaiting) == kWaiting && to.value_or(kRunnable) == kRunnable)
        out.push_back({function->name, lines[n].address});
    }
  }
  return out;
}

// Those that the plan has no hook for.
std::set<std::string> unseen(const std::vector<WakeUp>& wake_ups, const Plan& plan) {
  const auto planned = [&](gt_hook hook, const WakeUp& w, bool there) {
    return std::ranges::any_of(plan.sites, [&](const Site& site) {
      return site.hook == hook && site.function == w.function && (!there || site.vaddr == w.address);
    });
  };
  std::set<std::string> out;
  for (const WakeUp& w : wake_ups) {
    const bool seen = planned(GT_HOOK_READY, w, w.function != "runtime.ready") ||
                      planned(GT_HOOK_INJECT, w, true) || planned(GT_HOOK_CORO_IN, w, false);
    if (!seen && !kExceptions.contains(w.function)) out.insert(w.function);
  }
  return out;
}

class WakeUps : public testing::TestWithParam<std::string> {};

TEST_P(WakeUps, AreAllAtAHook) {
  const Subject s = open_subject(GetParam());
  const std::vector<WakeUp> found = wake_ups_of(s);
  const Plan plan = plan_of(s);
  EXPECT_THAT(unseen(found, plan), testing::IsEmpty());

  // All were there to be found.
  std::set<std::string> hosts;
  for (const WakeUp& w : found) hosts.insert(w.function);
  const bool oldest = s.pclntab->function_named("runtime.findrunnable").has_value();
  std::set<std::string> expected = {"runtime.ready",
                                    "runtime.injectglist",
                                    "runtime.(*gcControllerState).findRunnableGCWorker",
                                    "runtime.park_m",
                                    "runtime.debugCallWrap1.func1",
                                    oldest ? "runtime.findrunnable" : "runtime.findRunnable"};
  if (oldest) expected.insert("runtime.schedule");
  if (s.pclntab->function_named("runtime.coroswitch_m")) expected.insert("runtime.coroswitch_m");
  EXPECT_EQ(hosts, expected);

  // And nothing else is taken for one.
  for (const Site& site : plan.sites) {
    if ((site.flags & GT_SITE_BY_SCHEDULER) == 0) continue;
    EXPECT_EQ(site.hook, GT_HOOK_READY);
    EXPECT_THAT(found, testing::Contains(testing::Field(&WakeUp::address, site.vaddr))) << site.function;
  }
}

// What this test is for: a runtime that wakes somewhere else.
TEST_P(WakeUps, AHostWithoutAHookIsNoticed) {
  const Subject s = open_subject(GetParam());
  const std::vector<WakeUp> found = wake_ups_of(s);
  for (const char* host : {"runtime.park_m", "runtime.(*gcControllerState).findRunnableGCWorker",
                           "runtime.ready", "runtime.injectglist"}) {
    Plan plan = plan_of(s);
    std::erase_if(plan.sites,
                  [&](const Site& site) { return site.function == host && site.hook != GT_HOOK_PARK; });
    EXPECT_THAT(unseen(found, plan), testing::ElementsAre(host));
  }
}

// So execute is no part of what `block` costs.
TEST_P(WakeUps, LeaveExecuteToTheRunGroup) {
  const Plan plan = plan_of(open_subject(GetParam()));
  const auto execute = std::ranges::find(plan.sites, GT_HOOK_EXECUTE, &Site::hook);
  ASSERT_NE(execute, plan.sites.end());
  EXPECT_EQ(execute->groups, group_bit(GT_GROUP_RUN));
  EXPECT_THAT(plan.unplanned, testing::Not(testing::Contains(testing::Field(&Unplanned::inferred, true))));
}

std::vector<std::string> subjects() {
  std::vector<std::string> out;
  for (int minor = kOldestMinor; minor <= kNewestMinor; ++minor) {
    for (const char* arch : {"amd64", "arm64"}) out.push_back("go1." + std::to_string(minor) + "-" + arch);
  }
  for (const char* mode : {"pie", "unoptimized-amd64", "unoptimized-arm64", "cgo"})
    out.push_back(std::string("newest-") + mode);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Go, WakeUps, testing::ValuesIn(subjects()), [](const auto& tested) {
  std::string name = tested.param;
  std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
});

}  // namespace
}  // namespace gorotrace
