// What a capture file's tables can be exported to, by name: whoever exports chooses, checks and writes it
// here. Pure.
#pragma once

#include <string>

#include "base/enum_names.h"
#include "base/result.h"
#include "base/text_sink.h"
#include "export/profile_notes.h"
#include "probe/names.h"
#include "recording/replay.h"

namespace gorotrace {

enum class CaptureFormat {
  kPprofBlock,
  kPprofMutex,
  kPprofGoroutine,
  kPprofCreation,
  kFolded,
  kFoldedOffwake,
};
template <>
inline constexpr auto kEnumNames<CaptureFormat> = enum_names<CaptureFormat>({
    {CaptureFormat::kPprofBlock, "pprof-block"},
    {CaptureFormat::kPprofMutex, "pprof-mutex"},
    {CaptureFormat::kPprofGoroutine, "pprof-goroutine"},
    {CaptureFormat::kPprofCreation, "pprof-creation"},
    {CaptureFormat::kFolded, "folded"},
    {CaptureFormat::kFoldedOffwake, "folded-offwake"},
});

// No text.
[[nodiscard]] constexpr bool is_binary(CaptureFormat format) {
  return format != CaptureFormat::kFolded && format != CaptureFormat::kFoldedOffwake;
}
// What is written while a file is read, item by item.
enum class StreamFormat { kJson };
template <>
inline constexpr auto kEnumNames<StreamFormat> = enum_names<StreamFormat>({{StreamFormat::kJson, "json"}});

// Groups without which there is nothing to export.
[[nodiscard]] GroupMask groups_needed(CaptureFormat format);
[[nodiscard]] DetailsWanted details_needed(CaptureFormat format);
// kUnsupported: the recording lacks a group; the message says which, and how to record it.
[[nodiscard]] Status check_groups(CaptureFormat format, const RecordedTarget& target);
// target: with the details.
[[nodiscard]] Status write_capture(CaptureFormat format, RecordedTarget& target, const ProfileTime& time,
                                   const TextSink& sink);

}  // namespace gorotrace
