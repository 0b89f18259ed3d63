// What captures over HTTP took, as metrics: gorotrace_capture_*. Cumulative since the agent started; the
// always-on budget knows nothing of it. Threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/metric_family.h"
#include "base/enum_names.h"
#include "evidence/facts.h"

namespace gorotrace {

enum class CaptureKind : std::uint8_t { kTrace, kCreation, kFile };
template <>
inline constexpr auto kEnumNames<CaptureKind> = enum_names<CaptureKind>({
    {CaptureKind::kTrace, "trace"},
    {CaptureKind::kCreation, "goroutinecreate"},
    {CaptureKind::kFile, "capture"},
});

// How one ended; the first four are ShortEnd's.
enum class CaptureEnd : std::uint8_t { kTime, kBudget, kSize, kTarget, kClient, kFailed };
template <>
inline constexpr auto kEnumNames<CaptureEnd> = enum_names<CaptureEnd>({
    {CaptureEnd::kTime, "time"},
    {CaptureEnd::kBudget, "budget"},
    {CaptureEnd::kSize, "size"},
    {CaptureEnd::kTarget, "target"},
    {CaptureEnd::kClient, "client"},
    {CaptureEnd::kFailed, "failed"},
});

enum class CaptureRefusal : std::uint8_t { kOff, kBusy };
template <>
inline constexpr auto kEnumNames<CaptureRefusal> = enum_names<CaptureRefusal>({
    {CaptureRefusal::kOff, "off"},
    {CaptureRefusal::kBusy, "busy"},
});

class CaptureCounts {
 public:
  void ended(CaptureKind kind, CaptureEnd end);
  void refused(CaptureRefusal why);
  // What a window took, however it ended; now_ns: of one that has no end.
  void took(CaptureKind kind, const StatFacts& facts, std::uint64_t now_ns);

  [[nodiscard]] std::vector<MetricFamily> families(bool running) const;

 private:
  struct Cost {
    std::uint64_t traced_ns = 0, hits = 0;
    double charged_ns = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<CaptureKind, CaptureEnd>, std::uint64_t> ended_;
  std::map<CaptureRefusal, std::uint64_t> refused_;
  std::map<CaptureKind, Cost> costs_;
};

}  // namespace gorotrace
