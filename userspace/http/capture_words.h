// What a request for a trace or a capture asks for, and what is said beside the answer. Pure; what comes in
// is hostile.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"
#include "http/request_target.h"
#include "http/response.h"
#include "probe/names.h"

namespace gorotrace {

struct ShortRecording;

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

// X-Gorotrace-Seconds, -Cost, and where there is something to say -Ended and -Lost; the notices of the
// recording in Gorotrace-Note.
void add_capture_headers(Response& response, const ShortRecording& recording);
// A header's value: what is not printable ASCII is "?".
void add_text_header(Response& response, std::string_view name, std::string_view value);

}  // namespace gorotrace
