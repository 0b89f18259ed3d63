// One pass over one set of words. Reads, checks, interprets; does not repeat (metrics/reader.h does).
#pragma once

#include <cstdint>
#include <vector>

#include "golang/metrics_layout.h"
#include "golang/offsets.h"
#include "metrics/words.h"
#include "process/process.h"

namespace gorotrace {

// runtime/runtime2.go, 1.18-1.27: of p.status, and a bit of g.atomicstatus.
inline constexpr std::uint32_t kPrunning = 1, kGscan = 0x1000;

struct MetricsSource {
  const Memory& memory;
  MetricsOffsets offsets;
  MetricsGlobals at;          // process addresses; 0 when not known
  RuntimeOffsets goroutines;  // of g, m.curg, p.gFree, sched.gFree
  int minor = 0;              // Go 1.minor
};

// The layout has link-time addresses; goroutines: the offsets of the same binary; minor: Go 1.minor.
[[nodiscard]] MetricsSource metrics_source(const Memory& memory, const MetricsLayout& layout,
                                           const RuntimeOffsets& goroutines, int minor,
                                           std::uint64_t load_bias);

enum class Pass {
  kGood,
  kContradicts,  // read, but the words are at odds with each other: moving, or not what we take them for
  kMoving,       // the runtime was in the middle of changing them: no use
  kUnreadable,   // not mapped, or no such structure, or the process is gone
};

[[nodiscard]] Pass read_heap(const MetricsSource& s, HeapWords& out);
[[nodiscard]] Pass read_sys(const MetricsSource& s, SysWords& out);
[[nodiscard]] Pass read_gc(const MetricsSource& s, GcWords& out);
[[nodiscard]] Pass read_cpu(const MetricsSource& s, CpuWords& out);
[[nodiscard]] Pass read_sched(const MetricsSource& s, SchedWords& out);
[[nodiscard]] Pass read_threads(const MetricsSource& s, ThreadWords& out);
[[nodiscard]] Pass read_finalizers(const MetricsSource& s, FinalizerWords& out);
[[nodiscard]] Pass read_histograms(const MetricsSource& s, HistogramWords& out);
[[nodiscard]] Pass read_limiter(const MetricsSource& s, SingleWord& out);
[[nodiscard]] Pass read_starting_stack(const MetricsSource& s, SingleWord& out);

// sched.timeToRun alone: HistogramWords::timeToRun. Empty: not known in this binary.
[[nodiscard]] Pass read_time_to_run(const MetricsSource& s, std::vector<std::uint64_t>& out);

// runtime.allp[:len(allp)]: the Ps of GOMAXPROCS. What a P that GOMAXPROCS dropped had counted was added to
// the scheduler's own words (runtime/proc.go, p.destroy). False: no slice of Ps.
[[nodiscard]] bool read_ps(const MetricsSource& s, std::vector<std::uint64_t>& out);

}  // namespace gorotrace
