#include "http/capture_answers.h"

#include <fmt/format.h>

#include <utility>

#include "base/plural.h"
#include "export/goroutine_profiles.h"
#include "export/largest_trace.h"
#include "http/capture_headers.h"
#include "http/pprof_words.h"
#include "recording/replay.h"

namespace gorotrace {
namespace {

constexpr const char *kTraceFile = "trace", *kCreationFile = "goroutinecreate-delta",
                     *kCaptureSuffix = ".gtr";

Response file_response(std::string_view file, std::shared_ptr<const MappedBytes> bytes,
                       const ShortRecording& of) {
  Response out = pprof_file(file, "");
  out.file = std::move(bytes);
  add_capture_headers(out, of);
  return out;
}

}  // namespace

Result<Response> trace_answer(const ShortRecording& recording, const std::stop_token& unwanted) {
  auto trace = largest_trace(recording.file.path(), recording.target, unwanted);
  if (!trace) return std::unexpected(trace.error());
  Response out = file_response(kTraceFile, std::move(trace->bytes), recording);
  if (trace->figures.files > 1)
    add_text_header(out, "Gorotrace-Note",
                    fmt::format("losses cut the trace into {}: this is the largest",
                                plural(trace->figures.files, "part")));
  return out;
}

Result<Response> creation_answer(const ShortRecording& recording, const std::stop_token& unwanted) {
  auto read = replay(recording.file.path());
  if (!read) return std::unexpected(read.error());
  if (unwanted.stop_requested() || read->targets.empty())
    return fail(ErrorKind::kFailed, "nothing of the target was recorded");
  RecordedTarget& target = *read->targets.front();
  auto profile = creation_profile(target, time_of(target, read->clocks));
  if (!profile) return std::unexpected(profile.error());
  Response out = pprof_file(kCreationFile, *std::move(profile));
  add_capture_headers(out, recording);
  return out;
}

Result<Response> capture_file_answer(ShortRecording& recording, const std::string& name) {
  auto bytes = recording.file.map();
  if (!bytes) return std::unexpected(bytes.error());
  return file_response(name + kCaptureSuffix, *std::move(bytes), recording);
}

Response capture_head_answer(CaptureKind kind, const std::string& name) {
  Response out = pprof_file(kind == CaptureKind::kTrace      ? kTraceFile
                            : kind == CaptureKind::kCreation ? kCreationFile
                                                             : name + kCaptureSuffix,
                            "");
  out.length_unknown = true;
  return out;
}

}  // namespace gorotrace
