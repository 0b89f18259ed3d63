// Where the words behind runtime/metrics are: of unstripped binaries against their symbols and DWARF, of
// stripped ones against their unstripped twins; every anchored offset, planted wrong, is refused by name.
#include "golang/metrics_layout.h"

#include <gmock/gmock.h>

#include "subjects.h"

namespace gorotrace::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Variable {
  const char* name;
  std::uint64_t MetricsGlobals::* address;
  int since;
};
constexpr Variable kVariables[] = {
    {"runtime.memstats", &MetricsGlobals::memstats, 18},
    {"runtime.gcController", &MetricsGlobals::gcController, 18},
    {"runtime.mheap_", &MetricsGlobals::mheap, 18},
    {"runtime.sched", &MetricsGlobals::sched, 18},
    {"runtime.allp", &MetricsGlobals::allp, 18},
    {"runtime.allgs", &MetricsGlobals::allgs, 18},
    {"runtime.allm", &MetricsGlobals::allm, 18},
    {"runtime.ncgocall", &MetricsGlobals::ncgocall, 18},
    {"runtime.gcCPULimiter", &MetricsGlobals::gcCPULimiter, 19},
    {"runtime.startingStackSize", &MetricsGlobals::startingStackSize, 19},
    {"runtime.work", &MetricsGlobals::work, 20},
    {"runtime.gcCleanups", &MetricsGlobals::gcCleanups, 26},
    {"runtime.finqueued", &MetricsGlobals::finqueued, 26},
    {"runtime.finexecuted", &MetricsGlobals::finexecuted, 26},
    {"runtime.extraMInUse", &MetricsGlobals::extraMInUse, 26},
    {"runtime.extraMLength", &MetricsGlobals::extraMLength, 26},
};

class Layout : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, Layout, ::testing::ValuesIn(all_subjects()), subject_name);

TEST_P(Layout, VariablesAreWhereTheSymbolTableSays) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const auto layout = find_metrics_layout(*binary);
  ASSERT_TRUE(layout) << layout.error().message;
  if (!GetParam().unoptimized()) {
    EXPECT_THAT(layout->missing, IsEmpty());
  }
  for (const Variable& v : kVariables) {
    const std::uint64_t found = layout->globals.*v.address;
    if (!binary->version().at_least(v.since)) {
      EXPECT_EQ(found, 0u) << v.name;
      continue;
    }
    // An unoptimised build may leave a recipe without its one answer; a wrong one is never right.
    if (GetParam().unoptimized() && found == 0) continue;
    if (GetParam().stripped()) {
      EXPECT_NE(found, 0u) << v.name;
      continue;
    }
    const auto symbol = binary->image().symbol(v.name);
    ASSERT_TRUE(symbol) << v.name;
    EXPECT_EQ(found, symbol->vaddr) << v.name;
  }
}

class Twins : public ::testing::TestWithParam<Subject> {};
// Of each version and architecture one is enough: how it is linked moves nothing inside a struct.
class Moved : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, Moved, ::testing::ValuesIn(subjects_where([](const Subject& s) {
                           return s.stripped() && !s.has("-pie") && !s.has("-cgo") &&
                                  (s.hello() || !s.arm64());
                         })),
                         subject_name);
INSTANTIATE_TEST_SUITE_P(All, Twins,
                         ::testing::ValuesIn(subjects_where([](const Subject& s) { return s.stripped(); })),
                         subject_name);

// The table of offsets, corrected by the code, against the DWARF of the same program.
TEST_P(Twins, OffsetsOfTheStrippedBinaryEqualDwarf) {
  const auto stripped = open_subject(GetParam().name);
  const auto twin = open_subject(GetParam().name.substr(0, GetParam().name.find(".stripped")));
  ASSERT_TRUE(stripped && twin);
  const auto layout = find_metrics_layout(*stripped);
  const auto dwarf = metrics_offsets_from_dwarf(twin->image());
  ASSERT_TRUE(layout && dwarf);
  EXPECT_THAT(layout->offsets_source, HasSubstr("table go1."));
#define X(field, go_struct, go_field) EXPECT_EQ(layout->offsets.field, dwarf->offsets.field) << #field;
  GOROTRACE_METRICS_OFFSETS(X)
#undef X
  EXPECT_NE(dwarf->offsets.memstats_numgc, kNoOffset);
}

// Releases the table was not made from: what moved is found in the code (1.23.5 has fields of m 24 bytes
// before where 1.23.12 has them), the rest agrees.
TEST(PatchReleases, LayoutAgreesWithTheirDwarf) {
  const auto patches = subjects_where([](const Subject& s) { return s.name.starts_with("patch-"); });
  EXPECT_GE(patches.size(), 3u);
  for (const auto& [name, version] : patches) {
    const auto binary = open_subject(name);
    ASSERT_TRUE(binary);
    const auto layout = find_metrics_layout(*binary);
    const auto dwarf = metrics_offsets_from_dwarf(binary->image());
    ASSERT_TRUE(layout && dwarf);
    EXPECT_THAT(layout->offsets_source, HasSubstr("table go1."));
    EXPECT_THAT(layout->missing, IsEmpty());
#define X(field, go_struct, go_field) \
  EXPECT_EQ(layout->offsets.field, dwarf->offsets.field) << name << " " #field;
    GOROTRACE_METRICS_OFFSETS(X)
#undef X
  }
}

// A patch release puts eight bytes in front of a field of a struct, so that it and all behind it move: the
// variable has no address, and the refusal says which function gave it away. (Of runtime.work only two fields
// are used, one of them next to others that are: there the sums of CpuWords are the check.)
TEST_P(Moved, FieldsAreRefusedOrFound) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const auto right = metrics_offsets_from_table(binary->version(), binary->image().arch());
  ASSERT_TRUE(right);
  const MetricsGlobals found = find_metrics_layout(*binary, right->offsets).globals;
  using Field = std::uint32_t MetricsOffsets::*;
  struct Struct {
    std::string_view name;
    std::uint64_t MetricsGlobals::* variable;
    Field first, last;  // of the fields with anchors, by offset
  };
  const bool has_pauses = right->offsets.sched_stwTotalTimeOther != kNoOffset;
  const bool has_created = right->offsets.sched_goroutinesCreated != kNoOffset;
  const Struct structs[] = {
      {"runtime.mstats", &MetricsGlobals::memstats, &MetricsOffsets::memstats_stacks_sys,
       &MetricsOffsets::memstats_numforcedgc},
      {"runtime.gcControllerState", &MetricsGlobals::gcController, &MetricsOffsets::gc_gcPercent,
       binary->version().at_least(19) ? &MetricsOffsets::gc_mappedReady : &MetricsOffsets::gc_globalsScan},
      {"runtime.mheap", &MetricsGlobals::mheap, &MetricsOffsets::mheap_sweepgen,
       &MetricsOffsets::mheap_cachealloc},
      {"runtime.schedt", &MetricsGlobals::sched, &MetricsOffsets::sched_mnext,
       has_created  ? &MetricsOffsets::sched_goroutinesCreated
       : has_pauses ? &MetricsOffsets::sched_stwTotalTimeOther
                    : &MetricsOffsets::sched_timeToRun},
  };
  int planted = 0;
  for (const Struct& s : structs) {
    ASSERT_NE(found.*s.variable, 0u) << s.name;
    std::vector<Field> fields;
#define X(field, go_struct, go_field) \
  if (s.name == go_struct && right->offsets.field != kNoOffset) fields.push_back(&MetricsOffsets::field);
    GOROTRACE_METRICS_OFFSETS(X)
#undef X
    for (const Field moved : fields) {
      const std::uint32_t from = right->offsets.*moved;
      if (from <= right->offsets.*s.first || from > right->offsets.*s.last) continue;
      MetricsOffsets wrong = right->offsets;
      for (const Field field : fields) {
        if (right->offsets.*field >= from) wrong.*field += 8;
      }
      const MetricsLayout layout = find_metrics_layout(*binary, wrong);
      EXPECT_EQ(layout.globals.*s.variable, 0u) << s.name << " from " << from;
      EXPECT_THAT(layout.missing, ::testing::Contains(HasSubstr("runtime.")));
      ++planted;
    }
  }
  EXPECT_GE(planted, 15);
  for (const Field field : {&MetricsOffsets::p_statsSeq, &MetricsOffsets::p_goroutinesCreated,
                            &MetricsOffsets::p_cleanupsQueued}) {
    if (right->offsets.*field == kNoOffset) continue;
    MetricsOffsets wrong = right->offsets;
    wrong.*field += 8;
    const MetricsLayout layout = find_metrics_layout(*binary, wrong);
    EXPECT_EQ(layout.offsets.*field, kNoOffset);
    EXPECT_THAT(layout.missing, ::testing::Not(IsEmpty()));
  }
  // These are never believed, always found.
  for (const Field field :
       {&MetricsOffsets::m_alllink, &MetricsOffsets::m_ncgocall, &MetricsOffsets::m_lockWaitTime}) {
    if (right->offsets.*field == kNoOffset) continue;
    MetricsOffsets wrong = right->offsets;
    wrong.*field += 24;
    EXPECT_EQ(find_metrics_layout(*binary, wrong).offsets.*field, right->offsets.*field);
  }
}

// Every other version goes by the code and the type descriptors alone: what these do not prove is left out.
// The newest row stands in for newer versions.
class NewestTwins : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, NewestTwins, ::testing::ValuesIn(subjects_where([](const Subject& s) {
                           return s.stripped() && s.version == all_subjects().back().version;
                         })),
                         subject_name);

TEST_P(NewestTwins, WithoutATableWhatIsLeftEqualsDwarf) {
  const auto stripped = open_subject(GetParam().name);
  const auto twin = open_subject(GetParam().name.substr(0, GetParam().name.find(".stripped")));
  ASSERT_TRUE(stripped && twin);
  const auto found = metrics_offsets_from_types(stripped->image(), stripped->pclntab());
  const auto dwarf = metrics_offsets_from_dwarf(twin->image());
  ASSERT_TRUE(dwarf);
  EXPECT_THAT(found.source, HasSubstr("type descriptors"));
  const MetricsLayout layout = find_metrics_layout(*stripped, found.offsets);
  EXPECT_THAT(layout.missing, IsEmpty());
  std::size_t proven = 0;
#define X(field, go_struct, go_field)                                \
  if (layout.offsets.field != kNoOffset) {                           \
    ++proven;                                                        \
    EXPECT_EQ(layout.offsets.field, dwarf->offsets.field) << #field; \
  }
  GOROTRACE_METRICS_OFFSETS(X)
#undef X
  EXPECT_GE(proven, 40u);
  EXPECT_NE(layout.offsets.p_runnext, kNoOffset);
  EXPECT_NE(layout.offsets.sched_timeToRun, kNoOffset);
  EXPECT_EQ(layout.offsets.delta_committed, kNoOffset);
}

}  // namespace
}  // namespace gorotrace::testing
