// gorotrace export: the formats that are written while the capture file is read, for they are as long as
// that.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/enum_names.h"
#include "base/result.h"
#include "export/go_trace.h"
#include "recording/part_of_window.h"

namespace gorotrace {

enum class TraceFormat { kGoTrace, kPerfetto };
template <>
inline constexpr auto kEnumNames<TraceFormat> = enum_names<TraceFormat>({
    {TraceFormat::kGoTrace, "go-trace"},
    {TraceFormat::kPerfetto, "perfetto"},
});

struct TraceRequest {
  std::string file;    // the capture file
  std::string output;  // TraceOutput
  pid_t pid = 0;       // which process, 0: the only one
  PartWanted part;     // of that one's window
  GoTraceOptions go_trace;
};

// Tells on stderr what was written.
[[nodiscard]] Status export_trace(TraceFormat format, const TraceRequest& request);

}  // namespace gorotrace
