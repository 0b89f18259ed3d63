#include "golang/offsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "golang/derived_offsets.h"
#include "golang/type_descriptors.h"

namespace gorotrace {
namespace {

struct Row {
  int minor;
  RuntimeOffsets offsets;
};
constexpr Row kTable[] = {
#include "golang/offsets_table.inc"
};

constexpr struct {
  std::uint16_t RuntimeOffsets::* member;
  std::string_view go_struct, go_field;
} kOffsetFields[] = {
#define X(member, go_struct, go_field) {&RuntimeOffsets::member, go_struct, go_field},
    GOROTRACE_OFFSETS(X)
#undef X
};

// A field of g, m, p, sudog or schedt, which every program has, that each row has and these offsets have not.
Status check_complete(const RuntimeOffsets& offsets, const GoVersion& version, std::string_view source) {
  for (const auto& f : kOffsetFields) {
    const bool always_there = f.go_struct == "runtime.g" || f.go_struct == "runtime.m" ||
                              f.go_struct == "runtime.p" || f.go_struct == "runtime.sudog" ||
                              f.go_struct == "runtime.schedt";
    if (!always_there || offsets.*f.member != kAbsent ||
        std::ranges::any_of(kTable, [&](const Row& row) { return row.offsets.*f.member == kAbsent; }))
      continue;
    return fail(
        ErrorKind::kUnsupported,
        fmt::format("built by {}, newer than Go 1.{}, and {} has no {}.{}; what took its place is not "
                    "known here",
                    version.text, kNewestMinor, source, f.go_struct, f.go_field));
  }
  return {};
}

}  // namespace

std::optional<OffsetsWithSource> offsets_from_table(const GoVersion& version) {
  for (const Row& row : kTable) {
    if (version.compare_minor(1, row.minor) == 0)
      return OffsetsWithSource{row.offsets, fmt::format("table go1.{}", row.minor)};
  }
  return std::nullopt;
}

Result<OffsetsWithSource> offsets_from_dwarf(const ElfImage& image) {
  const auto dwarf = image.dwarf();
  if (!dwarf) return std::unexpected(dwarf.error());
  // A field that every Go program has; without it the debug information is not Go's or is incomplete.
  const auto goid = (*dwarf)->member_offset("runtime.g", "goid");
  if (!goid || *goid >= std::uint64_t{kAbsent})
    return fail(ErrorKind::kUnsupported, "its debug information has no Go structs");
  OffsetsWithSource out{{}, "DWARF"};
#define X(member, go_struct, go_field)                                                                  \
  if (const auto at = (*dwarf)->member_offset(go_struct, go_field); at && *at < std::uint64_t{kAbsent}) \
    out.offsets.member = static_cast<std::uint16_t>(*at);
  GOROTRACE_OFFSETS(X)
#undef X
  return out;
}

Result<OffsetsWithSource> offsets_from_types(const ElfImage& image, const Pclntab& pclntab) {
  const TypeDescriptors types(image, pclntab);
  for (const char* needed : {"runtime.g", "runtime.m", "runtime.p", "runtime.sudog", "runtime.hchan"}) {
    if (!types.has(needed))
      return fail(ErrorKind::kUnsupported,
                  fmt::format("no type descriptor of {} was found in its code", needed));
  }
  const Row& newest = *std::rbegin(kTable);
  OffsetsWithSource out{{}, fmt::format("its type descriptors and table go1.{}", newest.minor)};
#define X(member, go_struct, go_field)                                                                       \
  if (std::string_view(go_struct) == "runtime.schedt") {                                                     \
    out.offsets.member = newest.offsets.member;                                                              \
  } else if (const auto at = types.member_offset(go_struct, go_field); at && *at < std::uint64_t{kAbsent}) { \
    out.offsets.member = static_cast<std::uint16_t>(*at);                                                    \
  }
  GOROTRACE_OFFSETS(X)
#undef X
  return out;
}

Result<OffsetsWithSource> offsets_for(const ElfImage& image, const Pclntab& pclntab, const GoVersion& version,
                                      OffsetsFrom from) {
  if (version.compare_minor(1, kOldestMinor) < 0)
    return fail(ErrorKind::kUnsupported,
                fmt::format("built by {}, older than Go 1.{}; rebuild it with a newer Go", version.text,
                            kOldestMinor));
  std::optional<Error> refused;
  std::string unread;
  const bool dwarf_first = from == OffsetsFrom::kDwarf || !version.release || version.newer_than_known();
  for (const bool dwarf : {dwarf_first, !dwarf_first}) {
    if (!dwarf && from == OffsetsFrom::kDwarf) continue;
    std::optional<OffsetsWithSource> found;
    const bool table = !dwarf && !version.newer_than_known();
    if (table) {
      found = offsets_from_table(version);
    } else if (auto read = dwarf ? offsets_from_dwarf(image) : offsets_from_types(image, pclntab)) {
      found = *std::move(read);
    } else if (!dwarf || image.has_dwarf()) {
      unread += "; " + read.error().message;
    }
    if (!found) continue;
    if (table)
      found->offsets.m_syscalltick =
          derive_m_syscalltick(image, pclntab, found->offsets.p_syscalltick).value_or(kAbsent);
    auto holds = check_offsets_against_code(found->offsets, image, pclntab, found->source, !table);
    if (holds && version.newer_than_known()) holds = check_complete(found->offsets, version, found->source);
    if (holds) return *found;
    if (!refused) refused = holds.error();
  }
  if (refused) return std::unexpected(*refused);
  return fail(
      ErrorKind::kUnsupported,
      fmt::format(
          "built by {}, newer than Go 1.{}, the newest whose structs are known here; build it without "
          "-ldflags=-w, so that its DWARF says where fields are, or use a newer gorotrace{}",
          version.text, kNewestMinor, unread));
}

Status check_offsets_against_code(const RuntimeOffsets& offsets, const ElfImage& image,
                                  const Pclntab& pclntab, std::string_view source, bool exact) {
  for (const DerivedOffset& derived : derive_offsets(image, pclntab)) {
#define X(name, go_struct, go_field)                                                               \
  if (derived.member == #name && derived.value != offsets.name && !(exact && derived.by_distance)) \
    return fail(ErrorKind::kUnsupported,                                                           \
                fmt::format("offset of {}.{} is {} by {} but {} in the code of {}; this is a "     \
                            "modified Go runtime or one we do not know",                           \
                            go_struct, go_field, offsets.name, source, derived.value, derived.from));
    GOROTRACE_OFFSETS(X)
#undef X
  }
  return {};
}

}  // namespace gorotrace
