// What is said of a capture beside it: in headers, for a trace has no place for it. Pure.
#pragma once

#include <string_view>

#include "http/response.h"
#include "session/short_recording.h"

namespace gorotrace {

// X-Gorotrace-Seconds, -Cost, and where there is something to say -Ended and -Lost; the notices of the
// recording in Gorotrace-Note.
void add_capture_headers(Response& response, const ShortRecording& recording);
// A header's value: what is not printable ASCII is "?".
void add_text_header(Response& response, std::string_view name, std::string_view value);

}  // namespace gorotrace
