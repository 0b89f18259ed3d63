#include "export/largest_trace.h"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "recording/replay.h"

namespace gorotrace {
namespace {

// Keeps the largest of those that are closed.
class Parts {
 public:
  Result<TextSink> open(std::size_t n) {
    auto file = MemoryFile::make("gorotrace-trace");
    if (!file) return std::unexpected(file.error());
    MemoryFile& kept = open_.insert_or_assign(n, std::move(*file)).first->second;
    return TextSink([&kept](std::string_view bytes) { kept.append(bytes); });
  }

  Status close(std::size_t n) {
    auto part = open_.extract(n);
    if (part.empty()) return {};
    if (!largest_ || part.mapped().appended() > largest_->appended()) largest_ = std::move(part.mapped());
    return {};
  }

  [[nodiscard]] std::optional<MemoryFile>& largest() { return largest_; }

 private:
  std::map<std::size_t, MemoryFile> open_;  // kMostOpenFiles at most
  std::optional<MemoryFile> largest_;
};

}  // namespace

Result<LargestTrace> largest_trace(const std::string& path, TargetId target,
                                   const std::stop_token& unwanted) {
  Parts parts;
  GoTraceOptions options;
  options.events_per_file = 0;  // losses alone cut it
  GoTraceExport trace(target, options,
                      {.open = [&parts](std::size_t n) { return parts.open(n); },
                       .close = [&parts](std::size_t n) { return parts.close(n); }});
  Status behind_gap;
  const auto damage =
      read_items(path, {.item = [&](const FileItem& item) -> Status {
                          if (unwanted.stop_requested())
                            return fail(ErrorKind::kFailed, "nobody waits for the trace any more");
                          return behind_gap ? trace.take(item) : behind_gap;
                        },
                        .gap = [&] { behind_gap = trace.gap(); }});
  if (!damage) return std::unexpected(damage.error());
  if (!behind_gap) return std::unexpected(behind_gap.error());
  const auto figures = trace.finish();
  if (!figures) return std::unexpected(figures.error());
  if (!parts.largest()) return fail(ErrorKind::kFailed, "nothing was seen of which a trace could be made");
  auto bytes = parts.largest()->map();
  if (!bytes) return std::unexpected(bytes.error());
  return LargestTrace{*std::move(bytes), *figures};
}

}  // namespace gorotrace
