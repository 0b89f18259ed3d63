// The offset table against the DWARF of releases it was not made from; wrong offsets refused by name.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "golang/derived_offsets.h"
#include "golang/type_descriptors.h"
#include "subjects.h"

namespace gorotrace::testing {
namespace {

using ::testing::HasSubstr;

RuntimeOffsets from_table(const GoVersion& version) {
  const auto offsets = offsets_from_table(version);
  EXPECT_TRUE(offsets);
  if (!offsets) return {};
  EXPECT_EQ(offsets->source, "table go1." + std::to_string(version.minor));
  return offsets->offsets;
}

class WithDwarf : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, WithDwarf,
                         ::testing::ValuesIn(subjects_where([](const Subject& s) { return !s.stripped(); })),
                         subject_name);

TEST_P(WithDwarf, TableAgrees) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  // A release goes by the table although it has DWARF; a candidate that tools/offsets was given does not.
  EXPECT_EQ(binary->offsets_source(),
            binary->version().release ? "table go1." + std::to_string(binary->version().minor) : "DWARF");
  const auto from_dwarf = offsets_from_dwarf(binary->image());
  ASSERT_TRUE(from_dwarf);
  EXPECT_EQ(from_dwarf->source, "DWARF");
  const RuntimeOffsets &dwarf = from_dwarf->offsets, table = from_table(binary->version());
#define X(field, go_struct, go_field)                \
  if (std::string_view(#field) != "m_syscalltick") { \
    EXPECT_EQ(table.field, dwarf.field) << #field;   \
  }
  GOROTRACE_OFFSETS(X)
#undef X
  EXPECT_NE(dwarf.g_goid, kAbsent);
}

// m.syscalltick moves between patch releases, so it comes from the code.
TEST_P(WithDwarf, SyscalltickFromCodeAgrees) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const auto from_dwarf = offsets_from_dwarf(binary->image());
  ASSERT_TRUE(from_dwarf);
  const RuntimeOffsets& dwarf = from_dwarf->offsets;
  const auto derived = derive_m_syscalltick(binary->image(), binary->pclntab(), dwarf.p_syscalltick);
  if (!GetParam().unoptimized()) {
    ASSERT_TRUE(derived);
  }
  if (derived) {
    EXPECT_EQ(*derived, dwarf.m_syscalltick);
  }
}

class EverySubject : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, EverySubject, ::testing::ValuesIn(all_subjects()), subject_name);

TEST_P(EverySubject, OneWrongOffsetIsRefusedByName) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const RuntimeOffsets& right = binary->offsets();
  EXPECT_TRUE(check_offsets_against_code(right, binary->image(), binary->pclntab()));
  const auto derived = derive_offsets(binary->image(), binary->pclntab());
  EXPECT_GE(derived.size(), GetParam().unoptimized() ? 6u : 10u);
  std::size_t planted = 0;
  for (const DerivedOffset& d : derived) {
    RuntimeOffsets wrong = right;
    std::string name;
#define X(field, go_struct, go_field)                          \
  if (d.member == #field) {                                    \
    wrong.field = static_cast<std::uint16_t>(right.field + 8); \
    name = go_struct "." go_field;                             \
  }
    GOROTRACE_OFFSETS(X)
#undef X
    ASSERT_NE(name, "") << d.member;
    const auto status = check_offsets_against_code(wrong, binary->image(), binary->pclntab());
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().kind, ErrorKind::kUnsupported);
    EXPECT_THAT(status.error().message, HasSubstr("offset of " + name + " "));
    ++planted;
  }
  EXPECT_EQ(planted, derived.size());
}

// Go 1.18 has a flag among the bits of a field's offset.
class WithTypes : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, WithTypes, ::testing::ValuesIn(subjects_where([](const Subject& s) {
                           return !s.version.starts_with("1.18.");
                         })),
                         subject_name);

// Field for field as the DWARF of the same version has them, of a stripped binary, too.
TEST_P(WithTypes, TypeDescriptorsAgree) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const TypeDescriptors types(binary->image(), binary->pclntab());
  for (const char* name : {"runtime.g", "runtime.m", "runtime.p", "runtime.sudog", "runtime.hchan",
                           "runtime.timer", "runtime.ancestorInfo"})
    EXPECT_TRUE(types.has(name)) << name;
  EXPECT_EQ(types.has("runtime.synctestBubble"), binary->version().at_least(25));
  const RuntimeOffsets table = from_table(binary->version());
#define X(field, go_struct, go_field)                                                             \
  if (types.has(go_struct) && std::string_view(#field) != "m_syscalltick") {                      \
    EXPECT_EQ(types.member_offset(go_struct, go_field).value_or(kAbsent), table.field) << #field; \
  }
  GOROTRACE_OFFSETS(X)
#undef X
  EXPECT_FALSE(types.member_offset("runtime.g", "sched.nothing"));
  EXPECT_FALSE(types.member_offset("runtime.g", "goid.nothing"));
  EXPECT_FALSE(types.member_offset("runtime.schedt", "lock"));
}

// The newest binary with another word for every `was`.
struct Renamed {
  std::unique_ptr<ElfImage> image;
  std::unique_ptr<Pclntab> pclntab;
};
Renamed renamed(const std::string& name, std::string_view was, std::string_view now) {
  auto bytes = read_file(Subject{name, ""}.path());
  for (auto at = bytes.begin(); (at = std::search(at, bytes.end(), was.begin(), was.end())) != bytes.end();)
    at = std::copy(now.begin(), now.end(), at);
  auto image = ElfImage::from_bytes(bytes);
  EXPECT_TRUE(image);
  auto pclntab = Pclntab::make(**image);
  EXPECT_TRUE(pclntab);
  return {*std::move(image), *std::move(pclntab)};
}

TEST(Offsets, ANewerVersionWithoutDwarfGoesByItsTypeDescriptors) {
  const auto go = open_subject("go" GOROTRACE_NEWEST_MINOR ".stripped");
  ASSERT_TRUE(go);
  const auto newer = *GoVersion::parse("go1.99.1");
  ASSERT_TRUE(newer.newer_than_known());
  const auto found = offsets_for(go->image(), go->pclntab(), newer, OffsetsFrom::kBest);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->source, "its type descriptors and table go" GOROTRACE_NEWEST_MINOR);
  const RuntimeOffsets& known = go->offsets();
  EXPECT_EQ(found->offsets.g_waitreason, known.g_waitreason);
  EXPECT_EQ(found->offsets.m_syscalltick, known.m_syscalltick);
  EXPECT_EQ(found->offsets.sudog_c_vu, known.sudog_c_vu);
  EXPECT_EQ(found->offsets.sched_goidgen, known.sched_goidgen);
  // Nothing proves these.
  EXPECT_EQ(found->offsets.pollDesc_fd, kAbsent);
  EXPECT_EQ(found->offsets.notifyList_head, kAbsent);
}

TEST(Offsets, ANewerVersionIsRefusedWithTheFieldThatIsNotThere) {
  const auto newer = *GoVersion::parse("go1.99.1");
  const auto refusal = [&](std::string_view was, std::string_view now) {
    const Renamed other = renamed("go" GOROTRACE_NEWEST_MINOR ".stripped", was, now);
    const auto found = offsets_for(*other.image, *other.pclntab, newer, OffsetsFrom::kBest);
    EXPECT_FALSE(found);
    return found ? Error{} : found.error();
  };
  const Error field = refusal("waitreason", "waitreazon");
  EXPECT_EQ(field.kind, ErrorKind::kUnsupported);
  EXPECT_THAT(field.message, HasSubstr("has no runtime.g.waitreason"));
  const Error type = refusal("atomicstatus", "atomicstanza");
  EXPECT_EQ(type.kind, ErrorKind::kUnsupported);
  EXPECT_THAT(type.message, HasSubstr("no type descriptor of runtime.g "));
  EXPECT_THAT(type.message, HasSubstr("-ldflags=-w"));
}

TEST(Offsets, VersionsOutsideTheTableAreRefusedWithTheWayOut) {
  const auto stripped = open_subject("go" GOROTRACE_NEWEST_MINOR ".stripped");
  ASSERT_TRUE(stripped);
  const auto of = [](const GoBinary& go, const char* version) {
    return offsets_for(go.image(), go.pclntab(), *GoVersion::parse(version), OffsetsFrom::kBest);
  };
  const auto old = of(*stripped, "go1.17.13");
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(old.error().message, HasSubstr("rebuild it with"));
  const auto unstripped = open_subject("go" GOROTRACE_NEWEST_MINOR);
  ASSERT_TRUE(unstripped);
  const auto future_with_dwarf = of(*unstripped, "go1.99.1");
  ASSERT_TRUE(future_with_dwarf);
  EXPECT_EQ(future_with_dwarf->source, "DWARF");
}

// Go 1.24 moved goid by 8 bytes: the same code under that name is what a modified runtime looks like.
TEST(Offsets, ATableThatTheCodeContradictsGivesWayToDwarf) {
  const auto lying = *GoVersion::parse("go1.24.13");
  ASSERT_TRUE(lying.release);
  const auto unstripped = open_subject("go1.22"), stripped = open_subject("go1.22.stripped");
  ASSERT_TRUE(unstripped && stripped);
  const auto taken = offsets_for(unstripped->image(), unstripped->pclntab(), lying, OffsetsFrom::kBest);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->source, "DWARF");
  EXPECT_EQ(taken->offsets.g_goid, unstripped->offsets().g_goid);
  const auto refused = offsets_for(stripped->image(), stripped->pclntab(), lying, OffsetsFrom::kBest);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("offset of runtime.g.atomicstatus "));
}

TEST(Offsets, WhatIsNoReleaseGoesByDwarfFirst) {
  const auto unstripped = open_subject("go1.22"), stripped = open_subject("go1.22.stripped");
  ASSERT_TRUE(unstripped && stripped);
  for (const char* text : {"go1.22.12 X:arenas", "go1.22-custom", "go1.22rc1", "devel go1.22-abcdef0123"}) {
    const auto version = *GoVersion::parse(text);
    EXPECT_FALSE(version.release) << text;
    const auto taken = offsets_for(unstripped->image(), unstripped->pclntab(), version, OffsetsFrom::kBest);
    ASSERT_TRUE(taken) << text;
    EXPECT_EQ(taken->source, "DWARF") << text;
    const auto table = offsets_for(stripped->image(), stripped->pclntab(), version, OffsetsFrom::kBest);
    ASSERT_TRUE(table) << text;
    EXPECT_EQ(table->source, "table go1.22") << text;
  }
}

}  // namespace
}  // namespace gorotrace::testing
