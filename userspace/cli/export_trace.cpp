#include "cli/export_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/plural.h"
#include "cli/capture_input.h"
#include "cli/exit_codes.h"
#include "cli/trace_output.h"
#include "export/perfetto.h"

namespace gorotrace {
namespace {

// Finds the one process that is meant, and passes items on to its export, which is made once it has begun.
template <typename Export>
class OfOneProcess {
 public:
  using Make = std::function<std::unique_ptr<Export>(TargetId)>;
  using Pass = std::function<Status(Export&, const FileItem&)>;
  OfOneProcess(const TraceRequest& request, const TracePart& part, Make make, Pass pass)
      : request_(request), part_(part), make_(std::move(make)), pass_(std::move(pass)) {}

  Status take(const FileItem& item) {
    if (const auto* told = std::get_if<Item>(&item)) {
      if (const auto* begun = std::get_if<TargetBegun>(&told->what)) {
        if (auto began = begins(told->target, *begun); !began) return began;
      }
    } else if (std::holds_alternative<ClockPair>(item) && !export_) {
      clocks_ = item;
    }
    if (!export_ || ambiguous()) return {};
    count(item);
    return pass_(*export_, item);
  }
  // Records of the process in the part.
  [[nodiscard]] std::uint64_t recorded() const { return recorded_; }

  Status gap() { return export_ && !ambiguous() ? export_->gap() : Status{}; }

  // Of the whole file: kUsage if it is not clear which one is meant.
  Result<Export*> chosen() const {
    std::vector<pid_t> pids;
    for (const auto& [target, pid] : pids_) pids.push_back(pid);
    const auto which = choose_process(request_.file, request_.pid, pids);
    if (!which) return std::unexpected(which.error());
    return export_.get();
  }

 private:
  void count(const FileItem& item) {
    const auto* told = std::get_if<Item>(&item);
    const auto* run = told == nullptr ? nullptr : std::get_if<Records>(&told->what);
    if (run == nullptr || told->target != target_) return;
    recorded_ += static_cast<std::uint64_t>(std::ranges::count_if(run->records, [&](const gt_record& record) {
      return record.time_ns >= part_.from_ns && record.time_ns < part_.to_ns;
    }));
  }

  Status begins(TargetId target, const TargetBegun& begun) {
    pids_.emplace(target, begun.host_pid);
    if (export_ || (request_.pid != 0 && request_.pid != begun.host_pid)) return {};
    target_ = target;
    export_ = make_(target);
    return clocks_ ? pass_(*export_, *clocks_) : Status{};
  }
  [[nodiscard]] bool ambiguous() const { return request_.pid == 0 && pids_.size() > 1; }

  const TraceRequest& request_;
  const TracePart part_;
  const Make make_;
  const Pass pass_;
  std::unique_ptr<Export> export_;
  std::optional<FileItem> clocks_;
  std::map<TargetId, pid_t> pids_;  // of all of the file
  TargetId target_ = 0;             // once there is an export
  std::uint64_t recorded_ = 0;
};

// A pipe can be read once alone.
Status check_twice(const std::string& file, const std::string& what) {
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown) || std::filesystem::is_regular_file(file, unknown)) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{} reads its file twice, and {} is no regular file", what, file));
}

// When the window of a process began: as the session told, or its first item that has a time.
class WindowBegin {
 public:
  explicit WindowBegin(pid_t pid) : pid_(pid) {}
  Status take(const FileItem& item) {
    if (const auto* kept = std::get_if<WindowKept>(&item)) {
      begins_late_ = !kept->from_the_start;
    } else if (const auto* facts = std::get_if<FactsTold>(&item)) {
      if (facts->target == target_ && !begins_late_) told_ns_ = facts->facts.begin_ns;
    } else if (const auto* open = std::get_if<CheckpointTold>(&item)) {
      if (open->target == target_) first(open->checkpoint.model.at_ns);
    } else if (const auto* told = std::get_if<Item>(&item)) {
      const auto* begun = std::get_if<TargetBegun>(&told->what);
      if (begun != nullptr && !target_ && (pid_ == 0 || pid_ == begun->host_pid)) target_ = told->target;
      const bool definition = std::holds_alternative<StackDefined>(told->what) ||
                              std::holds_alternative<FunctionDescribed>(told->what);
      if (told->target == target_ && !definition) first(told->at_ns);
    }
    return {};
  }
  [[nodiscard]] std::uint64_t ns() const { return told_ns_ != 0 ? told_ns_ : first_ns_; }

 private:
  void first(std::uint64_t at_ns) {
    if (first_ns_ == 0) first_ns_ = at_ns;
  }
  const pid_t pid_;
  std::optional<TargetId> target_;
  bool begins_late_ = false;
  std::uint64_t told_ns_ = 0, first_ns_ = 0;
};

Result<TracePart> trace_part(const TraceRequest& request) {
  if (!request.part.any()) return TracePart{};
  if (auto twice = check_twice(request.file, "a part of a trace"); !twice)
    return std::unexpected(twice.error());
  WindowBegin begin(request.pid);
  const auto read =
      read_items(request.file, {.item = [&](const FileItem& item) { return begin.take(item); }});
  if (!read) return std::unexpected(read.error());
  const auto at = [&begin](std::uint64_t since) {
    return begin.ns() + std::min(since, kEndOfTime - begin.ns());
  };
  return TracePart{at(request.part.from_ns.value_or(0)),
                   request.part.to_ns ? at(*request.part.to_ns) : kEndOfTime};
}

// A step is what a goroutine or the collector did, as the trace shows it: most records are one, some are none
// (whoever locks a mutex or uses a channel without waiting) or two.
Status say_what_was_written(const Result<TraceFigures>& figures, std::uint64_t recorded,
                            TraceOutput& output) {
  if (!figures) return std::unexpected(figures.error());
  const auto where = output.finish();
  if (!where) return std::unexpected(where.error());
  tell(fmt::format("{}: {} of goroutines and the collector, from {}{}", *where,
                   plural(figures->events, "step"), plural(recorded, "event"),
                   figures->lost == 0 ? ""
                                      : fmt::format("; {} lost: behind such a loss a goroutine is known from "
                                                    "its first event on",
                                                    plural(figures->lost, "record"))));
  return {};
}

Status export_go_trace(const TraceRequest& request) {
  const auto part = trace_part(request);
  if (!part) return std::unexpected(part.error());
  GoTraceOptions options = request.go_trace;
  options.part = *part;
  TraceOutput output(request.output, request.file);
  const TraceFiles files{.open = [&output](std::size_t n) { return output.open(n); },
                         .close = [&output](std::size_t n) { return output.close(n); }};
  OfOneProcess<GoTraceExport> of(
      request, *part,
      [&](TargetId target) { return std::make_unique<GoTraceExport>(target, options, files); },
      [](GoTraceExport& out, const FileItem& item) { return out.take(item); });
  auto done = read_capture(
      request.file, [&](const FileItem& item) { return of.take(item); }, [&] { return of.gap(); });
  if (!done) return done;
  const auto chosen = of.chosen();
  if (!chosen) return std::unexpected(chosen.error());
  return say_what_was_written((*chosen)->finish(), of.recorded(), output);
}

Status export_perfetto(const TraceRequest& request) {
  if (auto twice = check_twice(request.file, "perfetto"); !twice) return twice;
  const auto part = trace_part(request);
  if (!part) return std::unexpected(part.error());
  TraceOutput output(request.output, request.file);
  auto sink = output.open(0);
  if (!sink) return std::unexpected(sink.error());
  OfOneProcess<PerfettoExport> of(
      request, *part, [&](TargetId target) { return std::make_unique<PerfettoExport>(target, *sink, *part); },
      [](PerfettoExport& out, const FileItem& item) {
        out.note(item);
        return Status{};
      });
  auto noted = read_items(request.file, {.item = [&](const FileItem& item) { return of.take(item); }});
  if (!noted) return std::unexpected(noted.error());
  const auto chosen = of.chosen();
  if (!chosen) return std::unexpected(chosen.error());
  PerfettoExport& out = **chosen;
  auto done = read_capture(
      request.file, [&](const FileItem& item) { return out.take(item); }, [&] { return out.gap(); });
  if (!done) return done;
  const auto figures = out.finish();
  if (!figures) return std::unexpected(figures.error());
  if (auto closed = output.close(0); !closed) return closed;
  return say_what_was_written(figures, of.recorded(), output);
}

}  // namespace

Status export_trace(TraceFormat format, const TraceRequest& request) {
  return format == TraceFormat::kGoTrace ? export_go_trace(request) : export_perfetto(request);
}

}  // namespace gorotrace
