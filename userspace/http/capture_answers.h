// What is made of a recording for whoever asked for it. Threads: any; it takes seconds for a long one.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "http/capture_counts.h"
#include "http/response.h"
#include "session/short_recording.h"

namespace gorotrace {

// As net/http/pprof's Trace: an execution trace of Go.
[[nodiscard]] Result<Response> trace_answer(const ShortRecording& recording, const std::stop_token& unwanted);
// Of the goroutines that were created meanwhile, as `export --to pprof-creation`.
[[nodiscard]] Result<Response> creation_answer(const ShortRecording& recording,
                                               const std::stop_token& unwanted);
// The capture file itself. name: without its ".gtr".
[[nodiscard]] Result<Response> capture_file_answer(ShortRecording& recording, const std::string& name);
// To HEAD, for which nothing is recorded: what each of these has in its head whatever was.
[[nodiscard]] Response capture_head_answer(CaptureKind kind, const std::string& name);

}  // namespace gorotrace
