// The plan of real binaries: where each probe goes, and by a second look at the bytes, that it may go there.
#include <capstone/capstone.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "expected_sites.h"
#include "subjects.h"

namespace gorotrace {
namespace {

// As in the table: read off the bytes, without the planner's disassembler.
char class_of(Arch arch, const std::vector<std::uint8_t>& b) {
  if (arch == Arch::kAmd64) {
    if ((b[0] & 0xf0) == 0x70 || (b[0] == 0x0f && (b[1] & 0xf0) == 0x80)) return 'j';
    if ((b[0] & 0xf8) == 0x50) return 'p';
    if (b[0] == 0xe8) return 'c';
    if (b[0] == 0x90 || (b[0] == 0x66 && b[1] == 0x90)) return 'n';
    return b[0] == 0x0f && b[1] == 0x1f ? 'N' : '?';
  }
  std::uint32_t word = 0;
  std::memcpy(&word, b.data(), 4);
  if (word >> 24 == 0x54) return 'j';
  if (word >> 26 == 0x25) return 'c';
  if (word == 0xd503201f) return 'n';
  if ((word >> 24 & 0x1f) == 0x10) return 'a';
  if ((word >> 24 & 0x7e) == 0x36) return 'z';
  return (word >> 24 & 0x7e) == 0x34 ? 'j' : '?';
}

std::string notation(Arch arch, const Site& s) {
  std::ostringstream out;
  out << std::hex << s.offset << class_of(arch, s.instruction);
  if ((s.flags & GT_SITE_FRAME_SET) != 0) out << '*';
  if ((s.flags & GT_SITE_SKIP_TAKEN) != 0) out << '!';
  return out.str();
}

// What every site of every plan must hold to.
void check_sites(const Subject& s, const Plan& plan) {
  std::set<std::uint64_t> addresses;
  for (const Site& site : plan.sites) {
    SCOPED_TRACE(std::string(name_of(site.hook)) + " " + site.function + " " + site.mnemonic);
    EXPECT_TRUE(addresses.insert(site.vaddr).second) << "two probes at one instruction";
    // What is hit once may be single-stepped: in what has no stack check there may be no branch to probe.
    if (site.hook != GT_HOOK_EXIT_CALL && site.hook != GT_HOOK_THROW && site.hook != GT_HOOK_SIGNAL) {
      EXPECT_EQ(site.execution, Execution::kEmulated);
      EXPECT_NE(class_of(s.image->arch(), site.instruction), '?');
    }
    EXPECT_NE(site.instruction, (std::vector<std::uint8_t>{0x0f, 0x1f, 0x44, 0x00, 0x00}));
    EXPECT_NE(site.groups, 0u);
    const auto file = s.image->bytes_at(site.vaddr, site.instruction.size());
    EXPECT_TRUE(std::equal(file.begin(), file.end(), site.instruction.begin(), site.instruction.end()));
    EXPECT_EQ(s.image->offset_of(site.vaddr), site.file_offset);
    const auto function = s.pclntab->function_at(site.vaddr);
    ASSERT_TRUE(function);
    EXPECT_EQ(function->name, site.function);
    EXPECT_EQ(function->entry + site.offset, site.vaddr);
  }
}

// Only for sites on the straight line from the entry: no instruction before the site has the register as its
// destination, going by Capstone's operand texts and not by the access masks the planner uses.
bool register_untouched(const Subject& s, const Site& site, const std::string& reg32,
                        const std::string& reg64) {
  csh handle = 0;
  const bool amd64 = s.image->arch() == Arch::kAmd64;
  if (cs_open(amd64 ? CS_ARCH_X86 : CS_ARCH_ARM64, amd64 ? CS_MODE_64 : CS_MODE_ARM, &handle) != CS_ERR_OK) {
    return false;
  }
  const auto code = s.image->bytes_at(site.vaddr - site.offset, site.offset);
  cs_insn* insns = nullptr;
  const std::size_t n = cs_disasm(handle, code.data(), code.size(), site.vaddr - site.offset, 0, &insns);
  std::size_t decoded = 0;
  bool untouched = true;
  for (std::size_t i = 0; i < n; ++i) {
    decoded += insns[i].size;
    const std::string name = insns[i].mnemonic, operands = insns[i].op_str;
    const std::string first = operands.substr(0, operands.find(','));
    if (name.starts_with("cmp") || name.starts_with("test") || name.starts_with("st")) continue;
    if (first == reg32 || first == reg64) untouched = false;
    if (name == "call" || name == "bl") untouched = false;
  }
  cs_free(insns, n);
  cs_close(&handle);
  return untouched && decoded == site.offset;
}

void check_registers(const Subject& s, const Plan& plan) {
  const bool amd64 = s.image->arch() == Arch::kAmd64;
  for (const Site& site : plan.sites) {
    const bool is_call = class_of(s.image->arch(), site.instruction) == 'c' && site.reg <= 3;
    if (is_call || site.hook == GT_HOOK_CREATE || site.hook == GT_HOOK_CREATE_CORO) continue;
    // At a call far from the entry, as at every one of ABIInternal, g is in its register.
    if (site.function == "runtime.cgocallbackg" || site.function == "runtime.sighandler") continue;
    SCOPED_TRACE(std::string(name_of(site.hook)) + " " + site.function + " " + site.mnemonic);
    const bool current = site.reg == (amd64 ? 14 : 28);
    ASSERT_TRUE(current || site.reg == 0);
    if (amd64) {
      EXPECT_TRUE(current ? register_untouched(s, site, "r14d", "r14")
                          : register_untouched(s, site, "eax", "rax"));
    } else {
      EXPECT_TRUE(current ? register_untouched(s, site, "w28", "x28")
                          : register_untouched(s, site, "w0", "x0"));
    }
  }
}

std::vector<std::string> unexpected(const Plan& plan) {
  std::vector<std::string> out;
  for (const Unplanned& u : plan.unplanned) {
    if (!u.expected) out.push_back(std::string(name_of(u.hook)) + " " + u.function + ": " + u.reason);
  }
  return out;
}

class EveryVersion : public testing::TestWithParam<std::tuple<int, const char*>> {
 protected:
  [[nodiscard]] int minor() const { return std::get<0>(GetParam()); }
  [[nodiscard]] Subject subject() const {
    return open_subject("go1." + std::to_string(minor()) + "-" + std::get<1>(GetParam()));
  }
};

// What tools/offsets --add wants of a version without a column: as its sites the last column's, and where one
// is another, its notation, appended to this file.
const char* new_sites_file() {
  return std::getenv("GOROTRACE_NEW_SITES");
}

// The same hooks in the same functions do; which instructions they are is for a person to look at.
void compare_with_last_column(const ExpectedSite& e, const std::string& found) {
  const auto last = std::find_if(e.site.rbegin(), e.site.rend(), [](const char* s) { return s != nullptr; });
  ASSERT_NE(last, e.site.rend());
  EXPECT_EQ(found == "-", *last == std::string("-")) << e.hook << " " << e.function << ": " << found;
  if (found != *last) {
    std::ofstream(new_sites_file(), std::ios::app)
        << (e.arch == Arch::kAmd64 ? "amd64" : "arm64") << '\t' << e.hook << '\t' << e.function << '\t'
        << *last << '\t' << found << '\n';
  }
}

TEST_P(EveryVersion, EachHookSitsWhereItShould) {
  const Subject s = subject();
  TrapCosts costs;
  costs.emulates_long_nop = true;
  const Plan plan = plan_of(s, costs);
  EXPECT_THAT(unexpected(plan), testing::IsEmpty());
  std::size_t sites = 0;
  for (const ExpectedSite& e : kExpectedSites) {
    if (e.arch != s.image->arch()) continue;
    std::string found;
    for (const Site& site : plan.sites) {
      if (site.function == e.function && std::string(name_of(site.hook)) == e.hook) {
        ++sites;
        found += (found.empty() ? "" : " ") + notation(e.arch, site);
        const int g = e.arch == Arch::kAmd64 ? GT_REG_AMD64_R14 : GT_REG_ARM64_X28;
        const int reg = e.reg >= 0      ? e.reg
                        : minor() >= 21 ? 0
                                        : g;  // stopTheWorldWithSema has a reason since
        EXPECT_EQ(site.reg, reg) << e.hook << " " << e.function;
      }
    }
    if (found.empty()) found = "-";
    const char* const wanted = e.site[static_cast<std::size_t>(minor() - kOldestMinor)];
    if (wanted != nullptr) {
      EXPECT_EQ(found, wanted) << e.hook << " " << e.function;
    } else if (new_sites_file() != nullptr) {
      compare_with_last_column(e, found);
    } else {
      ADD_FAILURE() << e.hook << " " << e.function << ": expected_sites.h has no column for Go 1." << minor()
                    << ", where it is " << found;
    }
  }
  EXPECT_EQ(plan.sites.size(), sites) << "a site the table does not know";
}

TEST_P(EveryVersion, OlderKernelsGetEmulatedSitesToo) {
  const Subject s = subject();
  const Plan plan = plan_of(s);  // no long nops
  EXPECT_THAT(unexpected(plan), testing::IsEmpty());
  check_sites(s, plan);
  check_registers(s, plan);
  for (const Site& site : plan.sites) {
    if (s.image->arch() == Arch::kAmd64) {
      EXPECT_NE(class_of(Arch::kAmd64, site.instruction), 'N') << site.function;
    } else {
      EXPECT_NE(class_of(Arch::kArm64, site.instruction), 'n') << site.function;
    }
  }
}

TEST_P(EveryVersion, TheEntryPlanStartsAtEntries) {
  const Subject s = subject();
  const Plan plan = plan_of(s), entries = plan_of(s, {}, true);
  ASSERT_EQ(entries.sites.size(), plan.sites.size());
  std::size_t at_entry = 0;
  for (std::size_t i = 0; i < entries.sites.size(); ++i) {
    EXPECT_EQ(entries.sites[i].hook, plan.sites[i].hook);
    EXPECT_EQ(entries.sites[i].function, plan.sites[i].function);
    EXPECT_EQ(entries.sites[i].flags & GT_SITE_SKIP_TAKEN, 0);
    at_entry += entries.sites[i].offset == 0 ? 1 : 0;
  }
  EXPECT_GE(at_entry, 15u);
}

INSTANTIATE_TEST_SUITE_P(Go, EveryVersion,
                         testing::Combine(testing::Range(kOldestMinor, kNewestMinor + 1),
                                          testing::Values("amd64", "arm64")),
                         [](const auto& tested) {
                           return "1_" + std::to_string(std::get<0>(tested.param)) + "_" +
                                  std::get<1>(tested.param);
                         });

std::string newest_amd64() {
  return "go1." + std::to_string(kNewestMinor) + "-amd64";
}

class EveryLinkMode : public testing::TestWithParam<const char*> {};

TEST_P(EveryLinkMode, PlansTheSameHooks) {
  const Subject s = open_subject(GetParam()), plain = open_subject(newest_amd64());
  const Plan plan = plan_of(s);
  EXPECT_THAT(unexpected(plan), testing::IsEmpty());
  check_sites(s, plan);
  check_registers(s, plan);
  const auto hooks = [](const Plan& p) {
    std::set<std::string> out;
    for (const Site& site : p.sites) {
      if (site.function != "runtime.cgocallbackg") out.insert(name_of(site.hook) + (" " + site.function));
    }
    return out;
  };
  EXPECT_EQ(hooks(plan), hooks(plan_of(plain)));
}

INSTANTIATE_TEST_SUITE_P(Newest, EveryLinkMode,
                         testing::Values("newest-pie", "newest-unoptimized-amd64", "newest-unoptimized-arm64",
                                         "newest-cgo"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(CgoBinary, CallbacksEnterTheirSyscallAgainAtACall) {
  const Plan plan = plan_of(open_subject("newest-cgo"));
  const auto site = std::find_if(plan.sites.begin(), plan.sites.end(),
                                 [](const Site& s) { return s.function == "runtime.cgocallbackg"; });
  ASSERT_NE(site, plan.sites.end());
  EXPECT_EQ(site->hook, GT_HOOK_SYSCALL_ENTER);
  EXPECT_EQ(site->reg, GT_REG_AMD64_R14);
  EXPECT_EQ(site->instruction[0], 0xe8);
}

// The Go compiler is itself built with a profile since 1.21.
class ProfiledCompiler : public testing::TestWithParam<std::string> {};

TEST_P(ProfiledCompiler, KeepsEveryHook) {
  const std::string command =
      std::string(GOROTRACE_TOOLCHAIN) + " " + GetParam() + " tool -n compile 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  ASSERT_TRUE(pipe);
  std::array<char, 4096> line{};
  ASSERT_NE(std::fgets(line.data(), line.size(), pipe.get()), nullptr) << command;
  std::string path(line.data());
  path.erase(path.find_last_not_of('\n') + 1);
  const Subject s = open_path(path);
  const Plan plan = plan_of(s);
  check_sites(s, plan);
  EXPECT_THAT(unexpected(plan), testing::IsEmpty());
  std::set<gt_hook> hooks;
  for (const Site& site : plan.sites) hooks.insert(site.hook);
  for (const gt_hook hook : {GT_HOOK_CREATE, GT_HOOK_EXIT, GT_HOOK_PARK, GT_HOOK_READY, GT_HOOK_INJECT,
                             GT_HOOK_SUSPEND, GT_HOOK_EXECUTE, GT_HOOK_YIELD, GT_HOOK_SYSCALL_ENTER,
                             GT_HOOK_SYSCALL_EXIT, GT_HOOK_SYSCALL_EXIT_SLOW, GT_HOOK_SEM_ACQUIRE,
                             GT_HOOK_SEM_RELEASE, GT_HOOK_CHAN_SEND, GT_HOOK_CHAN_RECV, GT_HOOK_CHAN_CLOSE}) {
    EXPECT_TRUE(hooks.contains(hook)) << name_of(hook);
  }
  for (const GoFunction& host : s.pclntab->functions_inlining("runtime.chansend")) {
    EXPECT_THAT(plan.sites, testing::Contains(testing::Field(&Site::function, std::string(host.name))));
  }
  // In 1.21 the profile inlined runqput: the new g is taken where newproc1 returns it.
  if (GetParam().starts_with("1.21.")) {
    EXPECT_FALSE(s.pclntab->functions_inlining("runtime.runqput").empty());
    const auto create = std::find_if(plan.sites.begin(), plan.sites.end(),
                                     [](const Site& site) { return site.hook == GT_HOOK_CREATE; });
    EXPECT_EQ(notation(Arch::kAmd64, *create), "30n*");
    EXPECT_EQ(create->reg, GT_REG_AMD64_RAX);
  }
}

std::vector<std::string> toolchains() {
  std::vector<std::string> out;
  std::istringstream listed(GOROTRACE_TOOLCHAINS);
  for (std::string version; std::getline(listed, version, ',');) out.push_back(version);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Go, ProfiledCompiler, testing::ValuesIn(toolchains()), [](const auto& tested) {
  std::string name = tested.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

TEST(Costs, ASingleStepThatIsCheaperWins) {
  TrapCosts costs;
  costs.single_step_ns = 100;
  const Plan plan = plan_of(open_subject(newest_amd64()), costs);
  const auto park = std::find_if(plan.sites.begin(), plan.sites.end(),
                                 [](const Site& s) { return s.hook == GT_HOOK_PARK; });
  ASSERT_NE(park, plan.sites.end());
  EXPECT_EQ(park->offset, 0u);
  EXPECT_EQ(park->execution, Execution::kSingleStep);
}

}  // namespace
}  // namespace gorotrace
