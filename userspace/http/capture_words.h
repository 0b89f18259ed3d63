// What a request for a trace or a capture asks for. Pure; what comes in is hostile.
#pragma once

#include <chrono>

#include "base/result.h"
#include "http/request_target.h"
#include "probe/names.h"

namespace gorotrace {

// Nothing is attached for longer because a client asks for it.
inline constexpr std::chrono::seconds kLongestCapture{30};

struct CaptureWanted {
  std::chrono::nanoseconds duration{0};
  GroupMask groups = 0;
};
// As net/http/pprof's Trace reads `seconds`: a number, 1 where it is none or not above 0. kUsage: longer than
// kLongestCapture.
[[nodiscard]] Result<CaptureWanted> trace_wanted(const RequestTarget& target);
// `seconds` (1 when absent) and `probes`, as gorotrace record takes them. kUsage for anything else.
[[nodiscard]] Result<CaptureWanted> capture_wanted(const RequestTarget& target);

}  // namespace gorotrace
