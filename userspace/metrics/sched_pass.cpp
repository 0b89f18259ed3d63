// What the scheduler counts: goroutines by state, threads, waits for locks, calls into C (runtime/metrics.go
// schedStatsAggregate; runtime/proc.go gcount, mcount; runtime/mprof.go totalMutexWaitTimeNanos;
// runtime/debug.go NumCgoCall).
#include <algorithm>
#include <array>

#include "metrics/passes.h"
#include "metrics/word_batch.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kMaxPs = 1u << 16;
constexpr std::uint64_t kMaxThreads = 1u << 16;  // the runtime's own limit is 10,000 (debug.SetMaxThreads)

// runtime/runtime2.go, the same from 1.18 to 1.27 (_Gdeadextra since 1.26).
constexpr std::uint32_t kPgcstop = 3, kPdead = 4;
constexpr std::uint32_t kGsyscall = 3, kGdeadextra = 11;

std::uint32_t wide(std::uint16_t offset) {
  return offset == kAbsent ? kNoOffset : offset;
}

struct PWords {
  std::int32_t free = 0;  // goroutines on its free list
  std::uint32_t status = 0, runqhead = 0, runqtail = 0;
  std::uint64_t m = 0, runnext = 0, created = 0;
};

struct Totals {
  std::uint64_t allglen = 0, created = 0;
  std::int32_t free_stack = 0, free_no_stack = 0, ngsys = 0, runq = 0, syscall_without_p = 0;
  std::int64_t mnext = 0, nmfreed = 0;
  std::uint32_t extra_in_use = 0, extra = 0;
};

// setBlockOnExitSyscall's reading of a running P, without stopping it: is its goroutine in a system call?
bool in_syscall(const MetricsSource& s, std::uint64_t p, std::uint64_t m) {
  const RuntimeOffsets& g = s.goroutines;
  if (m == 0) return false;
  const auto curg = s.memory.value<std::uint64_t>(m + g.m_curg);
  if (!curg || *curg == 0) return false;
  std::uint32_t status = 0;
  std::uint64_t its_m = 0, its_p = 0;
  WordBatch batch(s.memory);
  batch.want(*curg, wide(g.g_atomicstatus), status);
  batch.want(*curg, wide(g.g_m), its_m);
  batch.want(m, wide(g.m_p), its_p);
  if (!batch.read()) return false;
  status &= ~kGscan;
  return (status == kGsyscall || status == kGdeadextra) && its_m == m && its_p == p;
}

void count_states(const MetricsSource& s, const std::vector<std::uint64_t>& ps,
                  const std::vector<PWords>& words, const Totals& t, SchedWords& out) {
  out.created = t.created;
  std::int64_t runnable = t.runq;
  for (std::size_t i = 0; i < ps.size() && words[i].status != kPdead; ++i) {
    const PWords& p = words[i];
    out.created += p.created;
    if (p.status == kPrunning) ++(in_syscall(s, ps[i], p.m) ? out.not_in_go : out.running);
    runnable += static_cast<std::int32_t>(p.runqtail - p.runqhead) + (p.runnext != 0 ? 1 : 0);
  }
  out.runnable = static_cast<std::uint64_t>(std::max<std::int64_t>(runnable, 0));
  if (t.syscall_without_p > 0) out.not_in_go += static_cast<std::uint64_t>(t.syscall_without_p);
  const std::uint64_t others = out.running + out.runnable + out.not_in_go;
  const auto all = static_cast<std::uint64_t>(out.goroutines);
  out.waiting = all < others ? 0 : all - others;
  out.threads = t.mnext - t.nmfreed - std::int64_t{t.extra_in_use} - std::int64_t{t.extra};
}

}  // namespace

bool read_ps(const MetricsSource& s, std::vector<std::uint64_t>& out) {
  const auto allp = s.memory.value<std::array<std::uint64_t, 2>>(s.at.allp);
  if (!allp) return false;
  const auto [data, length] = *allp;
  if (data == 0 || length == 0 || length > kMaxPs) return false;
  out.assign(length, 0);
  if (!s.memory.read(data, {reinterpret_cast<std::uint8_t*>(out.data()), length * sizeof(std::uint64_t)}))
    return false;
  return std::ranges::find(out, 0u) == out.end();
}

Pass read_sched(const MetricsSource& s, SchedWords& out) {
  const MetricsOffsets& o = s.offsets;
  const RuntimeOffsets& g = s.goroutines;
  const bool sized_lists = g.p_gFree_size != kAbsent;  // gList counts itself since Go 1.25
  std::vector<std::uint64_t> ps;
  if (!read_ps(s, ps)) return Pass::kUnreadable;
  std::vector<PWords> words(ps.size());
  Totals t;
  WordBatch batch(s.memory);
  batch.want(s.at.allgs, 8, t.allglen);
  batch.want(s.at.sched, wide(sized_lists ? g.sched_gFree_stack_size : g.sched_gFree_n), t.free_stack);
  batch.want(s.at.sched, wide(g.sched_gFree_noStack_size), t.free_no_stack);
  batch.want(s.at.sched, wide(g.sched_ngsys), t.ngsys);
  for (std::size_t i = 0; i < ps.size(); ++i) {
    batch.want(ps[i], wide(sized_lists ? g.p_gFree_size : g.p_gFree_n), words[i].free);
    batch.want(ps[i], o.p_status, words[i].status);
  }
  if (s.minor >= 26) {
    batch.want(s.at.sched, o.sched_goroutinesCreated, t.created);
    batch.want(s.at.sched, o.sched_runq_size, t.runq);
    batch.want(s.at.sched, o.sched_nGsyscallNoP, t.syscall_without_p);
    batch.want(s.at.sched, o.sched_mnext, t.mnext);
    batch.want(s.at.sched, o.sched_nmfreed, t.nmfreed);
    batch.want(s.at.extraMInUse, 0, t.extra_in_use);
    batch.want(s.at.extraMLength, 0, t.extra);
    for (std::size_t i = 0; i < ps.size(); ++i) {
      batch.want(ps[i], o.p_m, words[i].m);
      batch.want(ps[i], o.p_runqhead, words[i].runqhead);
      batch.want(ps[i], o.p_runqtail, words[i].runqtail);
      batch.want(ps[i], o.p_runnext, words[i].runnext);
      batch.want(ps[i], o.p_goroutinesCreated, words[i].created);
    }
  }
  if (!batch.read()) return Pass::kUnreadable;
  // The world is stopped: GOMAXPROCS may be changing, which moves counts from one P to the scheduler
  // (procresize).
  if (std::ranges::find(words, kPgcstop, &PWords::status) != words.end()) return Pass::kMoving;

  out = {};
  out.gomaxprocs = static_cast<std::uint32_t>(ps.size());
  out.goroutines = static_cast<std::int64_t>(t.allglen) - t.free_stack - t.free_no_stack;
  for (const PWords& p : words) out.goroutines -= p.free;
  if (s.minor < 26) out.goroutines -= t.ngsys;
  out.goroutines = std::max<std::int64_t>(out.goroutines, 1);
  if (s.minor >= 26) count_states(s, ps, words, t, out);
  return Pass::kGood;
}

Pass read_threads(const MetricsSource& s, ThreadWords& out) {
  const MetricsOffsets& o = s.offsets;
  const bool waits = o.sched_totalMutexWaitTime != kNoOffset;
  const bool runtime_waits = o.sched_totalRuntimeLockWaitTime != kNoOffset;
  std::int64_t waited = 0, waited_in_runtime = 0;
  std::uint64_t calls = 0, m = 0;
  WordBatch batch(s.memory);
  batch.want(s.at.allm, 0, m);
  if (s.at.ncgocall != 0) batch.want(s.at.ncgocall, 0, calls);
  batch.want(s.at.sched, o.sched_totalMutexWaitTime, waited);
  batch.want(s.at.sched, o.sched_totalRuntimeLockWaitTime, waited_in_runtime);
  if (!batch.read()) return Pass::kUnreadable;
  // Threads are put in front of the list, so that one that is made meanwhile does not lengthen our walk.
  for (std::uint64_t count = 0; m != 0; ++count) {
    if (count == kMaxThreads) return Pass::kUnreadable;
    std::uint64_t next = 0, its_calls = 0;
    std::int64_t its_wait = 0;
    WordBatch one(s.memory);
    one.want(m, o.m_alllink, next);
    one.want(m, o.m_ncgocall, its_calls);
    if (runtime_waits) one.want(m, o.m_lockWaitTime, its_wait);
    if (!one.read()) return Pass::kUnreadable;
    calls += its_calls;
    waited_in_runtime += its_wait;
    m = next;
  }
  out = {};
  if (waits && (!runtime_waits || o.m_lockWaitTime != kNoOffset))
    out.mutex_wait_ns = waited + waited_in_runtime;
  if (s.at.ncgocall != 0) out.cgo_calls = calls;
  return Pass::kGood;
}

}  // namespace gorotrace
