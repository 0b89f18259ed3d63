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

bool stands_still(const Standing& standing) {
  const GState state = state_of(standing.status);
  return state == GState::kWaiting || state == GState::kSyscall;
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
  for (std::size_t slot = 0; slot < m.watched.size(); ++slot) {
    const Watch& w = m.watched[slot];
    if (w.place.row == kNone || !w.standing.provable) continue;
    SampledWaits& row = out.waits[w.place.row];
    const std::uint64_t since = m.since_of(slot);
    if (!row.open_since_ns || since < *row.open_since_ns) row.open_since_ns = since;
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
  for (std::size_t slot = 0; slot < impl_->watched.size(); ++slot) {
    const Standing& standing = impl_->watched[slot].standing;
    if (standing.provable && stands_still(standing) && impl_->looks_at(slot) >= kSeenStill)
      out.push_back({standing, impl_->since_of(slot)});
  }
  return out;
}

CarriedStay Sampling::Impl::stay_of(std::size_t slot) const {
  const Watch& w = watched[slot];
  return {.goid = w.standing.goid,
          .stack = w.place.row != kNone ? rows[w.place.row].key.stack : 0,
          .status = w.standing.status,
          .reason = w.standing.reason,
          .seq = w.standing.seq,
          .since_ns = carried_at(slot) ? std::min(carried[slot].since_ns, w.first_ns) : w.first_ns,
          .seen_ns = std::max(seen_ns, w.first_ns),
          .looks = looks_at(slot)};
}

std::uint64_t Sampling::looked_at_all_ns() const {
  return impl_->last_all ? impl_->seen_ns : 0;
}

std::vector<CarriedStay> Sampling::stays() const {
  std::vector<CarriedStay> out;
  if (!impl_->last_all) return out;
  for (std::size_t slot = 0; slot < impl_->watched.size(); ++slot) {
    const Standing& standing = impl_->watched[slot].standing;
    if (standing.provable && stands_still(standing)) out.push_back(impl_->stay_of(slot));
  }
  return out;
}

void Sampling::carry_on(const CarriedStays& known) {
  impl_->carried.assign(impl_->watched.size(), {});
  for (std::size_t slot = 0; slot < impl_->watched.size(); ++slot) {
    const Watch& w = impl_->watched[slot];
    if (!w.standing.provable) continue;
    if (const CarriedStay* before = known.before(impl_->stay_of(slot)); before != nullptr)
      impl_->carried[slot] = {before->since_ns, before->looks, w.first_look};
  }
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
