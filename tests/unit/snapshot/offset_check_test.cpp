// Planted: one wrong offset per field, each refused by the name of that field, in a live process.
#include <gtest/gtest.h>

#include "go_target.h"

namespace gorotrace {
namespace {

using testing::GoTarget;

class OffsetCheck : public ::testing::TestWithParam<std::string> {};

TEST_P(OffsetCheck, NamesEachFieldThatIsWrong) {
  GoTarget target("parked", GetParam());
  while (target.line() != "end") {
  }
  const auto config = target.goroutine_config();
  const auto right = GoroutineReader(target.process(), config).check_offsets();
  ASSERT_TRUE(right.has_value()) << right.error().message;

  struct Field {
    std::uint16_t RuntimeOffsets::* member;
    const char* name;
  };
  // Not here, because no word of a process at rest contradicts them: trackingSeq, waitsince, parentGoid,
  // schedlink, and m.curg while nothing is in a syscall. check_offsets_against_code covers m and curg.
  for (const Field& field : {Field{&RuntimeOffsets::g_stack_lo, "runtime.g.stack.lo"},
                             {&RuntimeOffsets::g_stack_hi, "runtime.g.stack.hi"},
                             {&RuntimeOffsets::g_sched_sp, "runtime.g.sched.sp"},
                             {&RuntimeOffsets::g_sched_pc, "runtime.g.sched.pc"},
                             {&RuntimeOffsets::g_sched_bp, "runtime.g.sched.bp"},
                             {&RuntimeOffsets::g_syscallsp, "runtime.g.syscallsp"},
                             {&RuntimeOffsets::g_syscallpc, "runtime.g.syscallpc"},
                             {&RuntimeOffsets::g_atomicstatus, "runtime.g.atomicstatus"},
                             {&RuntimeOffsets::g_goid, "runtime.g.goid"},
                             {&RuntimeOffsets::g_waitreason, "runtime.g.waitreason"},
                             {&RuntimeOffsets::g_m, "runtime.g.m"},
                             {&RuntimeOffsets::m_curg, "runtime.m.curg"},
                             {&RuntimeOffsets::g_gopc, "runtime.g.gopc"},
                             {&RuntimeOffsets::g_startpc, "runtime.g.startpc"}}) {
    for (const int wrong : {-8, 8}) {
      const int offset = config.offsets.*field.member + wrong;
      if (offset < 0) continue;
      auto planted = config;
      planted.offsets.*field.member = static_cast<std::uint16_t>(offset);
      const auto checked = GoroutineReader(target.process(), planted).check_offsets();
      ASSERT_FALSE(checked.has_value()) << field.name << " " << wrong;
      EXPECT_EQ(checked.error().kind, ErrorKind::kUnsupported);
      EXPECT_NE(checked.error().message.find(field.name), std::string::npos)
          << field.name << " " << wrong << ": " << checked.error().message;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Go, OffsetCheck, ::testing::ValuesIn(testing::go_versions()),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace gorotrace
