// Version, build info, globals and wait reasons: of unstripped binaries against their symbols, of stripped
// ones against their unstripped twins.
#include <gmock/gmock.h>

#include "golang/buildinfo.h"
#include "golang/globals.h"
#include "subjects.h"

namespace gorotrace::testing {
namespace {

class Facts : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, Facts, ::testing::ValuesIn(all_subjects()), subject_name);

TEST_P(Facts, VersionWithAndWithoutBuildInfo) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->version().text, "go" + GetParam().version);
  EXPECT_EQ(binary->stripped(), GetParam().stripped());
  EXPECT_EQ(binary->main_module(), GetParam().hello() ? "example.com/hello" : "example.com/frames");
  const auto from_code = version_from_code(binary->image(), binary->pclntab());
  ASSERT_TRUE(from_code);
  EXPECT_EQ(from_code->text, "go" + GetParam().version);
}

TEST_P(Facts, LinkMode) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const LinkMode expected = GetParam().has("-cgo-pie") ? LinkMode::kCgoPie
                            : GetParam().has("-cgo")   ? LinkMode::kCgo
                            : GetParam().has("-pie")   ? LinkMode::kPie
                                                       : LinkMode::kStatic;
  EXPECT_STREQ(name_of(binary->link_mode()), name_of(expected));
}

TEST_P(Facts, GlobalsAreWhereTheSymbolTableSays) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const RuntimeGlobals& globals = binary->globals();
  // Without a finalizer nor a weak pointer there is no such goroutine in the program.
  const Pclntab& table = binary->pclntab();
  const bool finalizers =
      table.function_named("runtime.runfinq") || table.function_named("runtime.runFinalizers");
  if (!finalizers) {
    EXPECT_EQ(globals.finalizing, 0u);
  }
  if (GetParam().stripped()) {
    EXPECT_NE(globals.allgs, 0u);
    EXPECT_NE(globals.allp, 0u);
    EXPECT_NE(globals.sched, 0u);
    EXPECT_NE(globals.semtable, 0u);
    EXPECT_EQ(globals.finalizing != 0, finalizers);
    return;
  }
  const auto check = [&](std::uint64_t found, const char* name) {
    const auto symbol = binary->image().symbol(name);
    ASSERT_TRUE(symbol) << name;
    // An unoptimised build may leave a recipe without its one answer; a wrong one is never right.
    if (GetParam().unoptimized() && found == 0) return;
    EXPECT_EQ(found, symbol->vaddr) << name;
  };
  check(globals.allgs, "runtime.allgs");
  check(globals.allp, "runtime.allp");
  check(globals.sched, "runtime.sched");
  check(globals.semtable, "runtime.semtable");
  if (finalizers)
    check(globals.finalizing, binary->version().at_least(20) ? "runtime.fingStatus" : "runtime.fingRunning");
}

TEST_P(Facts, WhetherTracebacksShowLabelsIsASettingSince126) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const std::uint64_t found = binary->globals().traceback_labels;
  EXPECT_EQ(found != 0, binary->version().at_least(26));
  EXPECT_EQ(find_debug_setting(binary->image(), "tracebacklabel"), 0u) << "a part of a name is none";
  if (found == 0 || GetParam().stripped()) return;
  const auto debug = binary->image().symbol("runtime.debug");
  ASSERT_TRUE(debug);
  EXPECT_GE(found, debug->vaddr);
  EXPECT_LE(found + 4, debug->vaddr + debug->size);
}

TEST_P(Facts, WaitReasonsOfTheVersion) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const auto& reasons = binary->wait_reasons();
  const int minor = binary->version().minor;
  ASSERT_GT(reasons.size(), 26u);
  // runtime/runtime2.go of each version; 1.26 put the enumeration into another order.
  const std::size_t receive = minor >= 26 ? 19 : 14, select = minor >= 26 ? 18 : 9;
  const std::size_t sleep = minor >= 26 ? 14 : minor == 25 ? 20 : 19, cond = minor >= 25 ? 21 : 20;
  EXPECT_EQ(reasons[0], "");
  EXPECT_EQ(reasons[1], "GC assist marking");
  EXPECT_EQ(reasons[2], "IO wait");
  EXPECT_EQ(reasons[receive], "chan receive");
  EXPECT_EQ(reasons[receive + 1], "chan send");
  EXPECT_EQ(reasons[select], "select");
  EXPECT_EQ(reasons[sleep], "sleep");
  EXPECT_EQ(reasons[cond], "sync.Cond.Wait");
  if (const auto symbol = binary->image().symbol("runtime.waitReasonStrings")) {
    EXPECT_EQ(reasons.size(), symbol->size / 16);
  }
}

}  // namespace
}  // namespace gorotrace::testing
