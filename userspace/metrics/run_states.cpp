#include "metrics/run_states.h"

#include <algorithm>
#include <array>

#include "metrics/word_batch.h"

namespace gorotrace {
namespace {

// runtime/runtime2.go, 1.18-1.27.
constexpr std::uint32_t kGrunning = 2;
constexpr std::uint32_t kRunqLength = 256;  // of p.runq

std::unexpected<Error> gone() {
  return fail(ErrorKind::kNoProcess, "runtime.allp cannot be read: the process is gone or replaced");
}

}  // namespace

RunStateReader::RunStateReader(const Memory& memory, const MetricsSource& where)
    : source_{memory, where.offsets, where.at, where.goroutines, where.minor} {}

bool RunStateReader::possible(const MetricsSource& where) {
  const MetricsOffsets& o = where.offsets;
  const RuntimeOffsets& g = where.goroutines;
  // Fields of p in front of statsSeq are where we think when it is (golang/metrics_anchors.h).
  return where.at.allp != 0 && where.at.sched != 0 && o.p_statsSeq != kNoOffset && o.p_status != kNoOffset &&
         o.p_m != kNoOffset && o.p_runqhead != kNoOffset && o.p_runqtail != kNoOffset &&
         o.p_runnext != kNoOffset && (o.sched_runqsize != kNoOffset || o.sched_runq_size != kNoOffset) &&
         g.m_curg != kAbsent && g.g_atomicstatus != kAbsent && g.g_m != kAbsent && g.g_startpc != kAbsent;
}

Status RunStateReader::refresh() {
  if (!read_ps(source_, ps_)) return gone();
  words_.resize(ps_.size());
  return {};
}

Result<RunStates> RunStateReader::read() {
  RunStates out;
  if (ps_.empty()) {
    if (auto known = refresh(); !known) return std::unexpected(known.error());
  }
  if (auto done = read_queues(out); !done) return std::unexpected(done.error());
  if (auto done = read_running(out); !done) return std::unexpected(done.error());
  return out;
}

Status RunStateReader::read_queues(RunStates& out) {
  const MetricsOffsets& o = source_.offsets;
  std::int32_t global = 0;
  std::array<std::uint64_t, 2> allp{};
  for (int tries = 0; tries < 2; ++tries) {
    WordBatch batch(source_.memory);
    batch.want(source_.at.allp, 0, allp);
    batch.want(source_.at.sched, o.sched_runqsize, global);
    batch.want(source_.at.sched, o.sched_runq_size, global);
    for (std::size_t i = 0; i < ps_.size(); ++i) {
      batch.want(ps_[i], o.p_status, words_[i].status);
      batch.want(ps_[i], o.p_m, words_[i].m);
      batch.want(ps_[i], o.p_runqhead, words_[i].runqhead);
      batch.want(ps_[i], o.p_runqtail, words_[i].runqtail);
      batch.want(ps_[i], o.p_runnext, words_[i].runnext);
    }
    if (!batch.read()) return gone();
    if (allp[1] == ps_.size()) break;
    if (auto known = refresh(); !known) return known;
  }
  out.runnable = static_cast<std::uint64_t>(std::max(global, 0));
  for (const PWords& p : words_) {
    // A tail that was read behind its head's next move.
    out.runnable += std::min(p.runqtail - p.runqhead, kRunqLength) + (p.runnext != 0 ? 1 : 0);
  }
  return {};
}

// A P without an M's goroutine looks for work, or its M is in the scheduler.
Status RunStateReader::read_running(RunStates& out) {
  const RuntimeOffsets& g = source_.goroutines;
  std::vector<GWords> found;
  for (const PWords& p : words_) {
    if (p.status == kPrunning && p.m != 0) found.push_back({0, 0, p.m, 0});
  }
  if (found.empty()) return {};
  WordBatch current(source_.memory);
  for (GWords& f : found) current.want(f.m, g.m_curg, f.g);
  if (!current.read()) return {};  // an M that has just ended
  std::erase_if(found, [](const GWords& f) { return f.g == 0; });
  std::vector<std::uint64_t> its_m(found.size());
  WordBatch goroutines(source_.memory);
  for (std::size_t i = 0; i < found.size(); ++i) {
    goroutines.want(found[i].g, g.g_atomicstatus, found[i].status);
    goroutines.want(found[i].g, g.g_m, its_m[i]);
    goroutines.want(found[i].g, g.g_startpc, found[i].startpc);
  }
  if (!found.empty() && !goroutines.read()) return {};
  for (std::size_t i = 0; i < found.size(); ++i) {
    if ((found[i].status & ~kGscan) == kGrunning && its_m[i] == found[i].m)
      out.running.push_back(found[i].startpc);
  }
  return {};
}

}  // namespace gorotrace
