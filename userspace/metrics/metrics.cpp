#include "metrics/metrics.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace gorotrace {
namespace {

enum class Growth {
  kMonotone,    // every word it is the sum of only grows
  kCumulative,  // grows over time, but its words may be seen out of step
  kGauge,
};
using enum Growth;

double seconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

class List {
 public:
  explicit List(int minor) : minor_(minor) {}

  // compute: Words -> MetricValue or one of its alternatives, or an optional of these (none: not available).
  template <typename Words, typename Compute>
  void add(const char* name, int since, Growth growth, const Reading<Words>& from, Compute compute) {
    if (minor_ < since) return;
    Metric m;
    m.name = name;
    m.cumulative = growth != kGauge;
    m.missing = from.missing;
    if (from.missing.empty()) {
      m.value = value_of(compute(from.now));
      if (!m.value) m.missing = "the words it is made of are not known in this binary";
      m.quality = from.exact            ? MetricQuality::kExact
                  : growth == kMonotone ? MetricQuality::kBound
                                        : MetricQuality::kEstimated;
      if (m.quality == MetricQuality::kBound) m.low = value_of(compute(from.before));
    }
    metrics_.push_back(std::move(m));
  }

  std::vector<Metric> take() {
    std::ranges::sort(metrics_, {}, &Metric::name);
    return std::move(metrics_);
  }

 private:
  template <typename T>
  static std::optional<MetricValue> value_of(T value) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<std::uint64_t>(value);
    else
      return std::optional<MetricValue>(std::move(value));
  }
  template <typename T>
  static std::optional<MetricValue> value_of(std::optional<T> value) {
    return value ? value_of(std::move(*value)) : std::nullopt;
  }

  int minor_;
  std::vector<Metric> metrics_;
};

void add_gc(List& list, const RuntimeWords& w, int minor) {
  using S = const SysWords&;
  using H = const HeapWords&;
  using G = const GcWords&;
  using F = const FinalizerWords&;
  // In 1.18 a span counts as allocated when it is taken, and what was left of it is taken back
  // (mcache.releaseAll).
  const Growth allocated = minor < 19 ? kCumulative : kMonotone;
  list.add("/gc/cycles/automatic:gc-cycles", 18, kCumulative, w.sys,
           [](S s) { return s.numgc - s.numforcedgc; });
  list.add("/gc/cycles/forced:gc-cycles", 18, kMonotone, w.sys, [](S s) { return s.numforcedgc; });
  list.add("/gc/cycles/total:gc-cycles", 18, kMonotone, w.sys, [](S s) { return s.numgc; });
  list.add("/gc/heap/allocs-by-size:bytes", 18, allocated, w.heap,
           [](H h) { return size_histogram(h.smallAllocCount, h.largeAllocCount); });
  list.add("/gc/heap/allocs:bytes", 18, allocated, w.heap, [](H h) { return h.allocated_bytes(); });
  list.add("/gc/heap/allocs:objects", 18, allocated, w.heap, [](H h) { return h.allocated_objects(); });
  list.add("/gc/heap/frees-by-size:bytes", 18, kMonotone, w.heap,
           [](H h) { return size_histogram(h.smallFreeCount, h.largeFreeCount); });
  list.add("/gc/heap/frees:bytes", 18, kMonotone, w.heap, [](H h) { return h.freed_bytes(); });
  list.add("/gc/heap/frees:objects", 18, kMonotone, w.heap, [](H h) { return h.freed_objects(); });
  list.add("/gc/heap/objects:objects", 18, kGauge, w.heap,
           [](H h) { return h.allocated_objects() - h.freed_objects(); });
  list.add("/gc/heap/tiny/allocs:objects", 18, kMonotone, w.heap, [](H h) { return h.tinyAllocCount; });
  list.add("/gc/heap/goal:bytes", 18, kGauge, w.gc, [minor](G g) { return g.goal(minor); });
  list.add("/gc/heap/live:bytes", 21, kGauge, w.gc, [](G g) { return g.heapMarked; });
  list.add("/gc/gogc:percent", 21, kGauge, w.gc, [](G g) { return std::int64_t{g.gcPercent}; });
  list.add("/gc/gomemlimit:bytes", 21, kGauge, w.gc, [](G g) { return g.memoryLimit; });
  list.add("/gc/scan/globals:bytes", 21, kGauge, w.gc, [](G g) { return g.globalsScan; });
  list.add("/gc/scan/heap:bytes", 21, kGauge, w.gc, [](G g) { return g.heapScan; });
  list.add("/gc/scan/stack:bytes", 21, kGauge, w.gc, [](G g) { return g.lastStackScan; });
  list.add("/gc/scan/total:bytes", 21, kGauge, w.gc,
           [](G g) { return g.globalsScan + g.heapScan + g.lastStackScan; });
  list.add("/gc/limiter/last-enabled:gc-cycle", 19, kGauge, w.limiter,
           [](const SingleWord& s) { return s.value; });
  list.add("/gc/stack/starting-size:bytes", 19, kGauge, w.starting_stack,
           [](const SingleWord& s) { return s.value; });
  list.add("/gc/finalizers/queued:finalizers", 26, kMonotone, w.finalizers,
           [](F f) { return f.finalizers_queued; });
  list.add("/gc/finalizers/executed:finalizers", 26, kMonotone, w.finalizers,
           [](F f) { return f.finalizers_executed; });
  list.add("/gc/cleanups/queued:cleanups", 26, kCumulative, w.finalizers,
           [](F f) { return f.cleanups_queued; });
  list.add("/gc/cleanups/executed:cleanups", 26, kMonotone, w.finalizers,
           [](F f) { return f.cleanups_executed; });
}

void add_memory(List& list, const RuntimeWords& w) {
  using S = const SysWords&;
  using H = const HeapWords&;
  list.add("/memory/classes/heap/free:bytes", 18, kGauge, w.heap, [](H h) { return h.free_bytes(); });
  list.add("/memory/classes/heap/objects:bytes", 18, kGauge, w.heap,
           [](H h) { return h.allocated_bytes() - h.freed_bytes(); });
  list.add("/memory/classes/heap/released:bytes", 18, kGauge, w.heap, [](H h) { return h.released; });
  list.add("/memory/classes/heap/stacks:bytes", 18, kGauge, w.heap, [](H h) { return h.inStacks; });
  list.add("/memory/classes/heap/unused:bytes", 18, kGauge, w.heap,
           [](H h) { return h.inHeap - (h.allocated_bytes() - h.freed_bytes()); });
  list.add("/memory/classes/metadata/mcache/free:bytes", 18, kGauge, w.sys,
           [](S s) { return s.mcache_sys - s.mcaches_inuse; });
  list.add("/memory/classes/metadata/mcache/inuse:bytes", 18, kGauge, w.sys,
           [](S s) { return s.mcaches_inuse; });
  list.add("/memory/classes/metadata/mspan/free:bytes", 18, kGauge, w.sys,
           [](S s) { return s.mspan_sys - s.spans_inuse; });
  list.add("/memory/classes/metadata/mspan/inuse:bytes", 18, kGauge, w.sys,
           [](S s) { return s.spans_inuse; });
  list.add("/memory/classes/os-stacks:bytes", 18, kGauge, w.sys, [](S s) { return s.stacks_sys; });
  list.add("/memory/classes/other:bytes", 18, kGauge, w.sys, [](S s) { return s.other_sys; });
  list.add("/memory/classes/profiling/buckets:bytes", 18, kGauge, w.sys, [](S s) { return s.buckhash_sys; });

  // Two need both sets: as good as the worse of them.
  Reading<std::pair<HeapWords, SysWords>> both;
  both.missing = !w.heap.missing.empty() ? w.heap.missing : w.sys.missing;
  both.exact = w.heap.exact && w.sys.exact;
  both.now = {w.heap.now, w.sys.now};
  both.before = {w.heap.before, w.sys.before};
  using B = const std::pair<HeapWords, SysWords>&;
  list.add("/memory/classes/metadata/other:bytes", 18, kGauge, both,
           [](B b) { return b.first.inWorkBufs + b.first.inPtrScalarBits + b.second.gcMiscSys; });
  list.add("/memory/classes/total:bytes", 18, kGauge, both, [](B b) {
    const auto& [h, s] = b;
    return h.committed + h.released + s.stacks_sys + s.mspan_sys + s.mcache_sys + s.buckhash_sys +
           s.gcMiscSys + s.other_sys;
  });
}

void add_cpu(List& list, const RuntimeWords& w) {
  using C = const CpuWords&;
  list.add("/cpu/classes/gc/mark/assist:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.gc_assist); });
  list.add("/cpu/classes/gc/mark/dedicated:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.gc_dedicated); });
  list.add("/cpu/classes/gc/mark/idle:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.gc_idle); });
  list.add("/cpu/classes/gc/pause:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.gc_pause); });
  list.add("/cpu/classes/gc/total:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.gc_total); });
  list.add("/cpu/classes/idle:cpu-seconds", 20, kMonotone, w.cpu, [](C c) { return seconds(c.idle); });
  list.add("/cpu/classes/scavenge/assist:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.scavenge_assist); });
  list.add("/cpu/classes/scavenge/background:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.scavenge_background); });
  list.add("/cpu/classes/scavenge/total:cpu-seconds", 20, kMonotone, w.cpu,
           [](C c) { return seconds(c.scavenge_total); });
  list.add("/cpu/classes/total:cpu-seconds", 20, kMonotone, w.cpu, [](C c) { return seconds(c.total); });
  list.add("/cpu/classes/user:cpu-seconds", 20, kCumulative, w.cpu, [](C c) { return seconds(c.user); });
}

void add_sched(List& list, const RuntimeWords& w, int minor) {
  using S = const SchedWords&;
  using T = const ThreadWords&;
  using H = const HistogramWords&;
  list.add("/sched/gomaxprocs:threads", 19, kGauge, w.sched, [](S s) { return s.gomaxprocs; });
  list.add("/sched/goroutines:goroutines", 18, kGauge, w.sched, [](S s) { return s.goroutines; });
  list.add("/sched/goroutines-created:goroutines", 26, kMonotone, w.sched, [](S s) { return s.created; });
  list.add("/sched/goroutines/not-in-go:goroutines", 26, kGauge, w.sched, [](S s) { return s.not_in_go; });
  list.add("/sched/goroutines/runnable:goroutines", 26, kGauge, w.sched, [](S s) { return s.runnable; });
  list.add("/sched/goroutines/running:goroutines", 26, kGauge, w.sched, [](S s) { return s.running; });
  list.add("/sched/goroutines/waiting:goroutines", 26, kGauge, w.sched, [](S s) { return s.waiting; });
  list.add("/sched/threads/total:threads", 26, kGauge, w.sched, [](S s) { return s.threads; });
  const auto time = [minor](const std::vector<std::uint64_t>& words) -> std::optional<Float64Histogram> {
    if (words.empty()) return std::nullopt;
    return time_histogram(minor, words);
  };
  list.add("/sched/latencies:seconds", 18, kMonotone, w.histograms, [&](H h) { return time(h.timeToRun); });
  list.add("/gc/pauses:seconds", 18, kMonotone, w.histograms, [&](H h) { return time(h.gc_pauses); });
  list.add("/sched/pauses/total/gc:seconds", 22, kMonotone, w.histograms,
           [&](H h) { return time(h.gc_pauses); });
  list.add("/sched/pauses/total/other:seconds", 22, kMonotone, w.histograms,
           [&](H h) { return time(h.other_pauses); });
  list.add("/sched/pauses/stopping/gc:seconds", 22, kMonotone, w.histograms,
           [&](H h) { return time(h.gc_stopping); });
  list.add("/sched/pauses/stopping/other:seconds", 22, kMonotone, w.histograms,
           [&](H h) { return time(h.other_stopping); });
  list.add("/sync/mutex/wait/total:seconds", 20, kCumulative, w.threads, [](T t) -> std::optional<double> {
    if (!t.mutex_wait_ns) return std::nullopt;
    return seconds(*t.mutex_wait_ns);
  });
  list.add("/cgo/go-to-c-calls:calls", 19, kCumulative, w.threads, [](T t) { return t.cgo_calls; });
}

}  // namespace

std::vector<Metric> metrics_of(const RuntimeWords& words, int minor) {
  List list(minor);
  add_gc(list, words, minor);
  add_memory(list, words);
  add_cpu(list, words);
  add_sched(list, words, minor);
  Reading<SingleWord> godebug;
  godebug.missing = "kept behind closures of internal/godebug, one for each setting, out of reach of a table";
  list.add("/godebug/non-default-behavior/*:events", 21, kCumulative, godebug,
           [](const SingleWord& s) { return s.value; });
  return list.take();
}

}  // namespace gorotrace
