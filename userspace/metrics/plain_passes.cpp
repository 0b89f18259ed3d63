// Sets whose words only have to be fetched.
#include <span>

#include "metrics/passes.h"
#include "metrics/word_batch.h"

namespace gorotrace {
namespace {

void want_words(WordBatch& batch, std::uint64_t base, std::uint32_t offset, std::size_t count,
                std::vector<std::uint64_t>& out) {
  if (offset == kNoOffset) return;
  out.assign(count, 0);
  batch.want(base + offset, {reinterpret_cast<std::uint8_t*>(out.data()), count * sizeof(std::uint64_t)});
}

}  // namespace

Pass read_sys(const MetricsSource& s, SysWords& out) {
  const MetricsOffsets& o = s.offsets;
  WordBatch batch(s.memory);
  batch.want(s.at.memstats, o.memstats_stacks_sys, out.stacks_sys);
  batch.want(s.at.memstats, o.memstats_mspan_sys, out.mspan_sys);
  batch.want(s.at.memstats, o.memstats_mcache_sys, out.mcache_sys);
  batch.want(s.at.memstats, o.memstats_buckhash_sys, out.buckhash_sys);
  batch.want(s.at.memstats, o.memstats_gcMiscSys, out.gcMiscSys);
  batch.want(s.at.memstats, o.memstats_other_sys, out.other_sys);
  batch.want(s.at.memstats, o.memstats_numgc, out.numgc);
  batch.want(s.at.memstats, o.memstats_numforcedgc, out.numforcedgc);
  batch.want(s.at.mheap, o.mheap_spanalloc_inuse, out.spans_inuse);
  batch.want(s.at.mheap, o.mheap_cachealloc_inuse, out.mcaches_inuse);
  if (!batch.read()) return Pass::kUnreadable;
  const bool plausible =
      out.numforcedgc <= out.numgc && out.spans_inuse <= out.mspan_sys && out.mcaches_inuse <= out.mcache_sys;
  return plausible ? Pass::kGood : Pass::kContradicts;
}

Pass read_gc(const MetricsSource& s, GcWords& out) {
  const MetricsOffsets& o = s.offsets;
  const std::uint64_t gc = s.at.gcController;
  WordBatch batch(s.memory);
  batch.want(gc, o.gc_gcPercent, out.gcPercent);
  batch.want(gc, o.gc_memoryLimit, out.memoryLimit);
  batch.want(gc, o.gc_heapGoal, out.heapGoal);
  batch.want(gc, o.gc_gcPercentHeapGoal, out.gcPercentHeapGoal);
  batch.want(gc, o.gc_sweepDistMinTrigger, out.sweepDistMinTrigger);
  batch.want(gc, o.gc_triggered, out.triggered);
  batch.want(gc, o.gc_heapMarked, out.heapMarked);
  batch.want(gc, o.gc_heapScan, out.heapScan);
  batch.want(gc, o.gc_lastStackScan, out.lastStackScan);
  batch.want(gc, o.gc_globalsScan, out.globalsScan);
  batch.want(gc, o.gc_heapFree, out.heapFree);
  batch.want(gc, o.gc_totalAlloc, out.totalAlloc);
  batch.want(gc, o.gc_totalFree, out.totalFree);
  batch.want(gc, o.gc_mappedReady, out.mappedReady);
  if (!batch.read()) return Pass::kUnreadable;
  return out.goal(s.minor) ? Pass::kGood : Pass::kContradicts;
}

Pass read_cpu(const MetricsSource& s, CpuWords& out) {
  static_assert(sizeof(CpuWords) == 11 * sizeof(std::int64_t));
  WordBatch batch(s.memory);
  batch.want(s.at.work, s.offsets.work_cpuStats, out);
  if (!batch.read()) return Pass::kUnreadable;
  // Kept so by every statement that adds to them (runtime/mgc.go gcMarkTermination; cpuStats.accumulate).
  const bool sums = out.gc_total == out.gc_assist + out.gc_dedicated + out.gc_idle + out.gc_pause &&
                    out.scavenge_total == out.scavenge_assist + out.scavenge_background;
  return sums ? Pass::kGood : Pass::kContradicts;
}

Pass read_finalizers(const MetricsSource& s, FinalizerWords& out) {
  const MetricsOffsets& o = s.offsets;
  std::vector<std::uint64_t> ps;
  if (!read_ps(s, ps)) return Pass::kUnreadable;
  std::vector<std::uint64_t> queued(ps.size());
  WordBatch batch(s.memory);
  batch.want(s.at.finqueued, 0, out.finalizers_queued);
  batch.want(s.at.finexecuted, 0, out.finalizers_executed);
  batch.want(s.at.gcCleanups, o.cleanups_executed, out.cleanups_executed);
  batch.want(s.at.gcCleanups, o.cleanups_queued, out.cleanups_queued);
  for (std::size_t i = 0; i < ps.size(); ++i) batch.want(ps[i], o.p_cleanupsQueued, queued[i]);
  if (!batch.read()) return Pass::kUnreadable;
  for (const std::uint64_t n : queued) out.cleanups_queued += n;
  return Pass::kGood;
}

Pass read_histograms(const MetricsSource& s, HistogramWords& out) {
  const MetricsOffsets& o = s.offsets;
  const std::size_t words = time_histogram_shape(s.minor).words();
  WordBatch batch(s.memory);
  want_words(batch, s.at.sched, o.sched_timeToRun, words, out.timeToRun);
  want_words(batch, s.at.memstats, o.memstats_gcPauseDist, words, out.gc_pauses);
  want_words(batch, s.at.sched, o.sched_stwTotalTimeGC, words, out.gc_pauses);
  want_words(batch, s.at.sched, o.sched_stwTotalTimeOther, words, out.other_pauses);
  want_words(batch, s.at.sched, o.sched_stwStoppingTimeGC, words, out.gc_stopping);
  want_words(batch, s.at.sched, o.sched_stwStoppingTimeOther, words, out.other_stopping);
  return batch.read() ? Pass::kGood : Pass::kUnreadable;
}

Pass read_time_to_run(const MetricsSource& s, std::vector<std::uint64_t>& out) {
  out.clear();
  if (s.at.sched == 0) return Pass::kUnreadable;
  WordBatch batch(s.memory);
  want_words(batch, s.at.sched, s.offsets.sched_timeToRun, time_histogram_shape(s.minor).words(), out);
  return !out.empty() && batch.read() ? Pass::kGood : Pass::kUnreadable;
}

Pass read_limiter(const MetricsSource& s, SingleWord& out) {
  std::uint32_t numgc = 0;
  WordBatch batch(s.memory);
  batch.want(s.at.gcCPULimiter, s.offsets.limiter_lastEnabledCycle, out.value);
  batch.want(s.at.memstats, s.offsets.memstats_numgc, numgc);
  if (!batch.read()) return Pass::kUnreadable;
  // The number of a cycle: numgc + 1 when it is set (runtime/mgclimit.go).
  return out.value <= std::uint64_t{numgc} + 1 ? Pass::kGood : Pass::kContradicts;
}

Pass read_starting_stack(const MetricsSource& s, SingleWord& out) {
  WordBatch batch(s.memory);
  batch.want(s.at.startingStackSize, 0, out.value);
  return batch.read() ? Pass::kGood : Pass::kUnreadable;
}

}  // namespace gorotrace
