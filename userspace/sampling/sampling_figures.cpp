// Estimates and their errors, of what the looks have left behind.
#include <algorithm>
#include <cmath>

#include "model/memory_state.h"
#include "sampling/sampling_impl.h"

namespace gorotrace {
namespace {

std::uint64_t rounded(double ns) {
  return ns > 0 ? static_cast<std::uint64_t>(std::llround(ns)) : 0;
}

}  // namespace

SampledTime Sampling::Impl::time_of(const Series& series) const {
  SampledTime t;
  t.ns = rounded(series.total_ns());
  t.proven_ns = std::min(t.ns, rounded(series.proven_ns()));
  t.error_ns = rounded(series.standard_error_ns(gaps));
  // Looks that always agree prove nothing where the goroutine could have gone and come back: one change may
  // have been missed, of one look's length.
  if (t.proven_ns < t.ns) t.error_ns = std::max(t.error_ns, rounded(looked_ns / std::max(1.0, gaps.count)));
  return t;
}

SampledTables Sampling::tables() const {
  const Impl& m = *impl_;
  SampledTables out;
  for (std::uint32_t s = 0; s < std::min<std::size_t>(kGStates, m.by_state.size()); ++s) {
    out.states[s] = m.time_of(m.by_state[s]);
  }
  if (m.live_known) out.live_integral_ns = rounded(m.live_ns);
  for (std::uint32_t r = 0; r < m.by_row.size(); ++r) {
    SampledWaits& row = out.waits.emplace_back();
    row.key = m.rows[r].key;
    row.time = m.time_of(m.by_row[r]);
    row.long_waits = m.rows[r].long_waits;
  }
  for (const Watch& w : m.watched) {
    if (w.place.row == kNone || !w.standing.provable) continue;
    SampledWaits& row = out.waits[w.place.row];
    if (row.open_since_ns && *row.open_since_ns <= w.first_ns) continue;
    row.open_since_ns = w.first_ns;
  }
  for (std::uint32_t s = 0; s < m.by_site.size(); ++s) {
    const SampleSite& site = m.sites[s];
    out.sites.push_back({site.gopc, site.startpc, site.system, m.time_of(m.by_site[s])});
  }
  out.covered = m.covered;
  if (m.last_ns > m.segment_from_ns && m.last_ns != 0) out.covered.push_back({m.segment_from_ns, m.last_ns});
  out.looks = m.looks;
  out.looks_at_all = m.looks_at_all;
  out.goroutines_seen = m.goroutines_seen;
  out.without_stack = m.without_stack;
  out.overflow = m.overflow;
  return out;
}

std::vector<StandingWait> Sampling::standing() const {
  std::vector<StandingWait> out;
  if (!impl_->last_all) return out;
  for (const Watch& w : impl_->watched) {
    const GState state = state_of(w.standing.status);
    if (state != GState::kWaiting && state != GState::kSyscall) continue;
    if (w.standing.provable && impl_->gaps_of(w) + 1 >= kSeenStill) out.push_back({w.standing, w.first_ns});
  }
  return out;
}

std::vector<LastMove> Sampling::moves() const {
  std::vector<LastMove> out;
  if (!impl_->last_all) return out;
  for (const Watch& w : impl_->watched) {
    if (w.moved_ns != 0 && w.standing.goid != 0) out.push_back({w.standing.goid, w.moved_ns});
  }
  return out;
}

std::array<std::uint64_t, kGStates> Sampling::in_state() const {
  std::array<std::uint64_t, kGStates> out{};
  for (std::uint32_t s = 0; s < std::min<std::size_t>(kGStates, impl_->by_state.size()); ++s) {
    out[s] = rounded(impl_->by_state[s].last());
  }
  return out;
}

}  // namespace gorotrace
