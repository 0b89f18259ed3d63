// Every form of a dump, by name: whoever shows one, a command or a server, chooses and writes it here. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "base/text_sink.h"
#include "evidence/dump.h"
#include "evidence/dump_select.h"
#include "export/pprof.h"

namespace gorotrace {

enum class DumpFormat { kText, kGroup, kWaiters, kPprof, kFolded, kJson };
template <>
inline constexpr auto kEnumNames<DumpFormat> = enum_names<DumpFormat>({
    {DumpFormat::kText, "text"},
    {DumpFormat::kGroup, "group"},
    {DumpFormat::kWaiters, "waiters"},
    {DumpFormat::kPprof, "pprof"},
    {DumpFormat::kFolded, "folded"},
    {DumpFormat::kJson, "json"},
});

// A profile without a part of its samples would look complete, and has no place for notes that a person
// reads.
[[nodiscard]] constexpr bool is_profile(DumpFormat format) {
  return format == DumpFormat::kPprof || format == DumpFormat::kFolded;
}
// Shows what goroutines wait on; the others need their labels alone.
[[nodiscard]] constexpr bool shows_objects(DumpFormat format) {
  return format == DumpFormat::kWaiters || format == DumpFormat::kJson;
}

struct DumpFormatOptions {
  std::size_t limit = 0;  // goroutines, groups or rows, 0 for all; a profile is always whole
  std::size_t width = 80;
  bool colour = false;
};

// `mappings`: asked only by the format that has them.
[[nodiscard]] Status write_dump(DumpFormat format, const DumpView& view, const Selection& selection,
                                const DumpFormatOptions& options,
                                const std::function<Result<std::vector<ExecutableMapping>>()>& mappings,
                                const TextSink& sink);

}  // namespace gorotrace
