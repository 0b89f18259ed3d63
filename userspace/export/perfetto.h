// A capture file as a trace for ui.perfetto.dev and trace_processor: a track per goroutine below one of its
// creation site, slices of what it did and waited for, with the stack it waited at, arrows from who wakes or
// creates to whom, and counters of goroutines that live, wait for a CPU, and of records that were lost. The
// tracks are empty where the file does not know. Not thread-safe. Memory: live goroutines, creation sites,
// names.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/text_sink.h"
#include "export/go_trace.h"
#include "model/target_id.h"
#include "recording/file_item.h"

namespace gorotrace {

class PerfettoExport {
 public:
  PerfettoExport(TargetId target, TextSink sink, const TracePart& part = {});
  ~PerfettoExport();

  // All items of the file twice, in its order: names may come behind what they name.
  void note(const FileItem& item);
  [[nodiscard]] Status take(const FileItem& item);
  [[nodiscard]] Status gap();  // the second time
  // As GoTraceExport::finish.
  [[nodiscard]] Result<TraceFigures> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
