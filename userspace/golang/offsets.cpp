#include "golang/offsets.h"

#include <fmt/format.h>

#include "golang/derived_offsets.h"

namespace gorotrace {
namespace {

struct Row {
  int minor;
  RuntimeOffsets offsets;
};
constexpr Row kTable[] = {
#include "golang/offsets_table.inc"
};

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

Result<OffsetsWithSource> offsets_for(const ElfImage& image, const Pclntab& pclntab, const GoVersion& version,
                                      OffsetsFrom from) {
  if (version.compare_minor(1, kOldestMinor) < 0)
    return fail(ErrorKind::kUnsupported,
                fmt::format("built by {}, older than Go 1.{}; rebuild it with a newer Go", version.text,
                            kOldestMinor));
  std::optional<Error> refused;
  std::string no_dwarf;
  const bool dwarf_first = from == OffsetsFrom::kDwarf || !version.release;
  for (const bool dwarf : {dwarf_first, !dwarf_first}) {
    if (!dwarf && from == OffsetsFrom::kDwarf) continue;
    std::optional<OffsetsWithSource> found;
    if (!dwarf) {
      found = offsets_from_table(version);
    } else if (auto read = offsets_from_dwarf(image)) {
      found = *std::move(read);
    } else if (image.has_dwarf()) {
      no_dwarf = "; " + read.error().message;
    }
    if (!found) continue;
    if (!dwarf)
      found->offsets.m_syscalltick =
          derive_m_syscalltick(image, pclntab, found->offsets.p_syscalltick).value_or(kAbsent);
    const auto holds = check_offsets_against_code(found->offsets, image, pclntab);
    if (holds) return *found;
    if (!refused) refused = holds.error();
  }
  if (refused) return std::unexpected(*refused);
  return fail(
      ErrorKind::kUnsupported,
      fmt::format(
          "built by {}, newer than Go 1.{}, the newest whose structs are known here; build it without "
          "-ldflags=-w, so that its DWARF says where fields are, or use a newer gorotrace{}",
          version.text, kNewestMinor, no_dwarf));
}

Status check_offsets_against_code(const RuntimeOffsets& offsets, const ElfImage& image,
                                  const Pclntab& pclntab) {
  for (const DerivedOffset& derived : derive_offsets(image, pclntab)) {
#define X(name, go_struct, go_field)                                                                      \
  if (derived.member == #name && derived.value != offsets.name)                                           \
    return fail(                                                                                          \
        ErrorKind::kUnsupported,                                                                          \
        fmt::format("offset of {}.{} is {} by our table but {} in the code of {}; this is a modified Go " \
                    "runtime or one we do not know",                                                      \
                    go_struct, go_field, offsets.name, derived.value, derived.from));
    GOROTRACE_OFFSETS(X)
#undef X
  }
  return {};
}

}  // namespace gorotrace
