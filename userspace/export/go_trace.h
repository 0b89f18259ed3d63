// A capture file as execution traces that `go tool trace` and golang.org/x/exp/trace read. Each file is
// complete in itself: one generation, which begins with the state of every goroutine of which it is known. A
// stretch in which a group was off or records were lost ends a file; what comes behind it is in the next one,
// in which goroutines of which nothing is known yet appear with what they do first. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/text_sink.h"
#include "model/target_id.h"
#include "recording/file_item.h"

namespace gorotrace {

struct TracePart {  // CLOCK_MONOTONIC, from <= t < to
  std::uint64_t from_ns = 0, to_ns = kEndOfTime;
};
struct GoTraceOptions {
  unsigned version = 22;  // of the header: 22, 23, 25 or 26; tools read those up to their own
  std::uint64_t events_per_file = 1'000'000;  // then another one begins; 0: never
  TracePart part = {};
};
[[nodiscard]] constexpr bool is_trace_version(unsigned version) {
  return version == 22 || version == 23 || version == 25 || version == 26;
}

// Where the n-th file goes, from 0. Each is opened once and in order, and closed once; some are open at a
// time (kMostOpenFiles), for the last names of one may come behind the first events of the next.
struct TraceFiles {
  std::function<Result<TextSink>(std::size_t n)> open;
  std::function<Status(std::size_t n)> close = [](std::size_t) { return Status{}; };
};
inline constexpr std::size_t kMostOpenFiles = 9;

struct TraceFigures {
  std::uint64_t files = 0, events = 0;  // events: what goroutines did
  std::uint64_t lost = 0;               // records, which is what ended files
};

class GoTraceExport {
 public:
  // options.version must be one of is_trace_version().
  GoTraceExport(TargetId target, const GoTraceOptions& options, TraceFiles files);
  ~GoTraceExport();

  // In the order of the file (recording/replay.h read_items).
  [[nodiscard]] Status take(const FileItem& item);
  [[nodiscard]] Status gap();  // a part of the file could not be read
  // kUnsupported: the file has not what a trace needs; the message has the command that records it. kUsage:
  // nothing of it lies in the part.
  [[nodiscard]] Result<TraceFigures> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
