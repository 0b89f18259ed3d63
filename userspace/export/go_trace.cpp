#include "export/go_trace.h"

#include <utility>

#include "export/go_trace_writer.h"
#include "export/part_of_timeline.h"
#include "export/timeline.h"
#include "export/trace_names.h"

namespace gorotrace {

struct GoTraceExport::Impl {
  Impl(TargetId target, const GoTraceOptions& options, TraceFiles files)
      : names(target),
        writer(options, std::move(files), names),
        part(options.part, writer),
        timeline(target, part) {}
  TraceNames names;
  GoTraceWriter writer;
  PartOfTimeline part;
  Timeline timeline;
};

GoTraceExport::GoTraceExport(TargetId target, const GoTraceOptions& options, TraceFiles files)
    : impl_(std::make_unique<Impl>(target, options, std::move(files))) {}
GoTraceExport::~GoTraceExport() = default;

Status GoTraceExport::take(const FileItem& item) {
  impl_->names.take(item);
  if (std::holds_alternative<FramesNamed>(item)) return impl_->writer.names_came();
  if (const auto* clocks = std::get_if<ClockPair>(&item)) impl_->writer.set_clocks(*clocks);
  return impl_->timeline.take(item);
}

Status GoTraceExport::gap() {
  return impl_->timeline.gap();
}

Result<TraceFigures> GoTraceExport::finish() {
  if (auto told = impl_->timeline.finish(); !told) return std::unexpected(told.error());
  if (auto some = impl_->part.finish(); !some) return std::unexpected(some.error());
  if (auto written = impl_->writer.finish(); !written) return std::unexpected(written.error());
  return impl_->writer.figures();
}

}  // namespace gorotrace
