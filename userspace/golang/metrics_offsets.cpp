#include "golang/metrics_offsets.h"

#include <fmt/format.h>

#include <optional>

namespace gorotrace {
namespace {

struct Row {
  int minor;
  Arch arch;
  MetricsOffsets offsets;
};
constexpr Row kTable[] = {
#include "golang/metrics_offsets_table.inc"
};

std::optional<MetricsOffsets> from_dwarf(const ElfImage& image) {
  // A struct every Go program has; without it the debug information is not Go's or is incomplete.
  if (!image.has_dwarf() || !image.dwarf_member_offset("runtime.mstats", "numgc")) return std::nullopt;
  MetricsOffsets offsets;
#define X(member, go_struct, go_field)                                                       \
  if (const auto at = image.dwarf_member_offset(go_struct, go_field); at && *at < kNoOffset) \
    offsets.member = static_cast<std::uint32_t>(*at);
  GOROTRACE_METRICS_OFFSETS(X)
#undef X
  return offsets;
}

}  // namespace

Result<MetricsOffsetsWithSource> metrics_offsets_for(const ElfImage& image, const GoVersion& version) {
  if (const auto offsets = from_dwarf(image)) return MetricsOffsetsWithSource{*offsets, "DWARF"};
  for (const Row& row : kTable) {
    if (version.compare_minor(1, row.minor) == 0 && image.arch() == row.arch)
      return MetricsOffsetsWithSource{row.offsets, fmt::format("table go1.{}", row.minor)};
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("where {} keeps its statistics is not known here, and the binary has no DWARF",
                          version.text));
}

}  // namespace gorotrace
