#include "golang/metrics_offsets.h"

#include <fmt/format.h>

namespace gorotrace {
namespace {

struct MetricsRow {
  int minor;
  Arch arch;
  MetricsOffsets offsets;
};
constexpr MetricsRow kMetricsTable[] = {
#include "golang/metrics_offsets_table.inc"
};

}  // namespace

std::optional<MetricsOffsetsWithSource> metrics_offsets_from_table(const GoVersion& version, Arch arch) {
  for (const MetricsRow& row : kMetricsTable) {
    if (version.compare_minor(1, row.minor) == 0 && arch == row.arch)
      return MetricsOffsetsWithSource{row.offsets, fmt::format("table go1.{}", row.minor)};
  }
  return std::nullopt;
}

Result<MetricsOffsetsWithSource> metrics_offsets_from_dwarf(const ElfImage& image) {
  const auto dwarf = image.dwarf();
  if (!dwarf) return std::unexpected(dwarf.error());
  // A struct every Go program has; without it the debug information is not Go's or is incomplete.
  if (!(*dwarf)->member_offset("runtime.mstats", "numgc"))
    return fail(ErrorKind::kUnsupported, "its debug information has no Go structs");
  MetricsOffsetsWithSource out{{}, "DWARF"};
#define X(member, go_struct, go_field)                                                     \
  if (const auto at = (*dwarf)->member_offset(go_struct, go_field); at && *at < kNoOffset) \
    out.offsets.member = static_cast<std::uint32_t>(*at);
  GOROTRACE_METRICS_OFFSETS(X)
#undef X
  return out;
}

}  // namespace gorotrace
