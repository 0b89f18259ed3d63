#include "golang/metrics_offsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <span>

#include "golang/metrics_anchors.h"
#include "golang/type_descriptors.h"

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

// The fields that a function of this binary is known to use, which find_metrics_layout() then demands of it.
void keep_what_code_confirms(const MetricsOffsets& row, const Pclntab& pclntab, MetricsOffsets& out) {
  namespace anchors = metrics_anchors;
  for (const std::span<const MetricsAnchor> variable : {std::span<const MetricsAnchor>(anchors::kMemstats),
                                                        {anchors::kGcController},
                                                        {anchors::kMheap},
                                                        {anchors::kWork},
                                                        {anchors::kCleanups},
                                                        {anchors::kSched},
                                                        {anchors::kByPointer}}) {
    for (const MetricsAnchor& anchor : variable) {
      if (anchor.field != nullptr && pclntab.function_named(anchor.function))
        out.*anchor.field = row.*anchor.field;
    }
  }
}

}  // namespace

std::optional<MetricsOffsetsWithSource> metrics_offsets_from_table(const GoVersion& version, Arch arch) {
  for (const MetricsRow& row : kMetricsTable) {
    if (version.compare_minor(1, row.minor) == 0 && arch == row.arch)
      return MetricsOffsetsWithSource{row.offsets, fmt::format("table go1.{}", row.minor)};
  }
  return std::nullopt;
}

MetricsOffsetsWithSource metrics_offsets_from_types(const ElfImage& image, const Pclntab& pclntab) {
  const auto rows = std::views::reverse(kMetricsTable);
  const MetricsRow& newest = *std::ranges::find(rows, image.arch(), &MetricsRow::arch);
  MetricsOffsetsWithSource out{{}, fmt::format("its type descriptors and table go1.{}", newest.minor)};
  keep_what_code_confirms(newest.offsets, pclntab, out.offsets);
  const TypeDescriptors types(image, pclntab);
#define X(member, go_struct, go_field)                                                        \
  if (types.has(go_struct)) {                                                                 \
    const auto at = types.member_offset(go_struct, go_field);                                 \
    out.offsets.member = at && *at < kNoOffset ? static_cast<std::uint32_t>(*at) : kNoOffset; \
  }
  GOROTRACE_METRICS_OFFSETS(X)
#undef X
  return out;
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
