// sampling's estimates made in the plainest way: every goroutine is counted anew at each look, nothing is
// carried on from tick to tick. What sampling.h answers has to be the same to the last bit.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "looks.h"
#include "model/creation_rows.h"
#include "model/memory_state.h"
#include "sampling/sampling.h"
#include "sampling/series.h"
#include "sampling/tick_maker.h"
#include "snapshot/g_words.h"

namespace gorotrace::direct {

struct Place {
  std::uint32_t row = kNone, site = kNone, state = kNone;
  bool system = false;
};

// The stack of a standing that was read once need not be read again.
struct KnownStack {
  static constexpr std::uint8_t kTries = 3;  // a stack that cannot be had is not asked for at every look
  Standing standing;
  std::uint64_t stack = 0;  // 0: not had yet
  std::uint8_t tries = 0;
};

// A slot followed from look to look.
struct Watch {
  Standing standing;
  Place place, before;          // at the last look and at the one before
  std::uint64_t first_ns = 0;   // first look that saw this standing
  std::uint64_t before_ns = 0;  // the look before that, which did not; 0: there was none
  std::uint32_t gaps = 0;       // looks that saw it again
  std::uint64_t moved_ns = 0;   // the last look behind which it was seen to have moved; 0: none
  bool fast_before = false;     // it parked more than once in the gap before
};

class Classes {
 public:
  // One goroutine counted in class c at this look, standing for `weight` of them.
  void count(std::uint32_t c, double weight) { touch(c).count(weight); }
  // Goroutines of two neighbouring strata, of which one each was chosen: what they differ in is the error of
  // choosing.
  void choice(std::uint32_t a, std::uint32_t b, double variance) {
    if (a == b) return;
    if (a != kNone) touch(a).choice(variance);
    if (b != kNone) touch(b).choice(variance);
  }
  // One goroutine's classes at this look, at the last and at the one before that.
  void own(std::uint32_t now, std::uint32_t last, std::optional<std::uint32_t> before, double gap_ns) {
    if (now != last) {
      if (now != kNone) touch(now).own_one(gap_ns);
      if (last != kNone) touch(last).own_one(gap_ns);
    }
    if (before && now != *before) {
      if (now != kNone) touch(now).own_two();
      if (*before != kNone) touch(*before).own_two();
    }
  }
  void proven(std::uint32_t c, double gap_ns) { touch(c).proven(gap_ns); }

  // gap_ns: since the last look, nullopt at the first of a segment; second: the one before is of it, too.
  void end_look(const std::optional<double>& gap_ns, bool second) {
    std::size_t kept = 0;
    const double gap = gap_ns.value_or(0);
    for (const std::uint32_t c : active_) {
      Series& s = series_[c];
      if (gap_ns) {
        s.next_look(gap, second);
      } else {
        s.first_look();
      }
      if (s.idle()) {
        is_active_[c] = false;
      } else {
        active_[kept++] = c;
      }
    }
    active_.resize(kept);
  }
  [[nodiscard]] const Series& operator[](std::uint32_t c) const { return series_[c]; }
  [[nodiscard]] std::size_t size() const { return series_.size(); }

 private:
  Series& touch(std::uint32_t c) {
    if (c >= series_.size()) {
      series_.resize(c + 1);
      is_active_.resize(c + 1, false);
    }
    if (!is_active_[c]) {
      is_active_[c] = true;
      active_.push_back(c);
    }
    return series_[c];
  }
  std::vector<Series> series_;
  std::vector<bool> is_active_;
  std::vector<std::uint32_t> active_;  // those with anything in the last three looks
};

inline Standing standing_of(const GWords& w, bool provable) {
  Standing s = testing::sighting_of(w).standing;
  s.provable = provable;
  return s;
}

class Sampling {
 public:
  explicit Sampling(SamplingConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}

  void begin_look(std::uint64_t at_ns, bool all);
  std::optional<std::uint32_t> see(Choice choice, const GWords* words);
  void place(std::uint32_t seen, std::uint64_t stack_id);
  void end_look(std::optional<std::int64_t> live);
  void end_segment();
  [[nodiscard]] SampledTables tables() const;
  [[nodiscard]] std::array<std::uint64_t, kGStates> in_state() const;
  [[nodiscard]] std::vector<StandingWait> standing() const;
  [[nodiscard]] std::vector<LastMove> moves() const;

 private:
  static constexpr std::uint32_t kSeenStill = gorotrace::Sampling::kSeenStill;
  static constexpr std::size_t kMaxSegments = 4096;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline std::uint64_t rounded(double ns) {
  return ns > 0 ? static_cast<std::uint64_t>(std::llround(ns)) : 0;
}

struct Sampling::Impl {
  explicit Impl(SamplingConfig c) : config(std::move(c)) {
    for (std::size_t i = 0; i < std::min<std::size_t>(config.wait_reasons.size(), 255); ++i) {
      if (config.wait_reasons[i] == "preempted") reason_preempted = static_cast<std::uint8_t>(i);
      if (config.wait_reasons[i] == "coroutine") reason_coroutine = static_cast<std::uint8_t>(i);
    }
  }

  // One goroutine as this look saw it.
  struct Seen {
    Choice choice;
    Place place;
    GState state = GState::kUnknown;
    bool dead = true;
    Standing standing;
  };

  // A status that cannot be left and taken up again without g.trackingSeq telling.
  [[nodiscard]] bool provable(const GWords& w) const {
    switch (w.state()) {
      case GStatus::kWaiting:
      case GStatus::kLeaked:
        return reason_coroutine == 0xff || w.wait_reason != reason_coroutine;
      case GStatus::kPreempted:
      case GStatus::kRunnable:
        return true;
      case GStatus::kSyscall:
        return config.syscalls_counted;
      default:
        return false;
    }
  }

  void follow(const Seen& seen, double gap_ns);
  void end_wait(const Watch& watch, const Standing* next);
  [[nodiscard]] SampledTime time_of(const Series& series) const;

  SamplingConfig config;
  std::uint8_t reason_preempted = 0xff, reason_coroutine = 0xff;

  BlockingRows rows{BlockingRows::WhenFull::kRefuse};  // keys, and long waits as their `waits`
  CreationRows sites;                                  // keys only
  Classes by_row, by_site, by_state;
  std::vector<KnownStack> known;  // by slot
  std::vector<Watch> watched;     // by slot, while every goroutine is looked at

  // The look that is going on, and those before it in this segment.
  std::vector<Seen> seen;
  bool all = false;
  std::uint64_t at_ns = 0, last_ns = 0, before_ns = 0;  // 0: no such look in this segment
  std::uint64_t segment_from_ns = 0;
  bool last_all = false;  // the looks before this one looked at all
  std::optional<std::int64_t> last_live;
  Gaps gaps;

  double looked_ns = 0, live_ns = 0;
  bool live_known = true;
  std::vector<Interval> covered;
  std::uint64_t looks = 0, looks_at_all = 0, goroutines_seen = 0, without_stack = 0, overflow = 0;
};

inline void Sampling::begin_look(std::uint64_t at_ns, bool all) {
  Impl& m = *impl_;
  m.at_ns = std::max(at_ns, m.last_ns + 1);
  m.all = all;
  m.seen.clear();
}

inline std::optional<std::uint32_t> Sampling::see(Choice choice, const GWords* words) {
  Impl& m = *impl_;
  const auto number = static_cast<std::uint32_t>(m.seen.size());
  Impl::Seen& seen = m.seen.emplace_back();
  seen.choice = choice;
  if (words == nullptr || !words->alive() || words->goid == 0) {
    if (choice.slot < m.known.size()) m.known[choice.slot] = {};
    return std::nullopt;
  }
  const GWords& w = *words;
  seen.dead = false;
  seen.state = state_of(w.state());
  seen.standing = standing_of(w, m.provable(w));
  if (!m.sites.described_as(w.startpc))
    m.sites.describe(w.startpc, m.config.is_system && m.config.is_system(w.startpc));
  seen.place.site = m.sites.row(w.gopc, w.startpc);
  if (seen.place.site == kNone) ++m.overflow;
  seen.place.system = m.sites.is_system(w.startpc);
  if (seen.state != GState::kWaiting && seen.state != GState::kSyscall) return std::nullopt;

  if (m.known.size() <= choice.slot) m.known.resize(choice.slot + std::size_t{1});
  KnownStack& known = m.known[choice.slot];
  if (!known.standing.same(seen.standing)) known = {seen.standing, 0, 0};
  if (known.stack == 0 && known.tries < KnownStack::kTries) {
    ++known.tries;
    return number;
  }
  place(number, known.stack);
  return std::nullopt;
}

inline void Sampling::place(std::uint32_t number, std::uint64_t stack_id) {
  Impl& m = *impl_;
  Impl::Seen& seen = m.seen[number];
  m.known[seen.choice.slot].stack = stack_id;
  if (stack_id == 0) ++m.without_stack;
  const bool in_syscall = seen.state == GState::kSyscall;
  BlockingKey key{.stack = stack_id, .in_syscall = in_syscall, .system = seen.place.system};
  if (!in_syscall) {
    key.reason = seen.standing.status == GStatus::kPreempted ? m.reason_preempted : seen.standing.reason;
  }
  seen.place.row = m.rows.row(key);
  if (seen.place.row == kNone) ++m.overflow;
}

// A wait is over: `next` is where its goroutine was seen instead (nullptr: gone).
inline void Sampling::Impl::end_wait(const Watch& watch, const Standing* next) {
  if (watch.gaps < 2 || watch.before_ns == 0 || watch.place.row == kNone) return;
  if (watch.gaps == 2 && watch.fast_before && next != nullptr && watch.standing.parks_until(*next) > 1) {
    return;  // three looks that agree by chance are likelier than one pause among parks that fast
  }
  // It began in the gap before its first look and ended in the one after its last: the middle of both.
  const std::uint64_t from = (watch.before_ns + watch.first_ns) / 2, to = (last_ns + at_ns) / 2;
  rows[watch.place.row].waits.add(to - from);
}

// One slot from the last look to this one, both of which looked at all.
inline void Sampling::Impl::follow(const Seen& now, double gap_ns) {
  if (watched.size() <= now.choice.slot) watched.resize(now.choice.slot + std::size_t{1});
  Watch& w = watched[now.choice.slot];
  const bool both = before_ns != 0;
  by_row.own(now.place.row, w.place.row, both ? std::optional(w.before.row) : std::nullopt, gap_ns);
  by_site.own(now.place.site, w.place.site, both ? std::optional(w.before.site) : std::nullopt, gap_ns);
  by_state.own(now.place.state, w.place.state, both ? std::optional(w.before.state) : std::nullopt, gap_ns);
  // Goids are never used twice: whoever is there at both looks was there in between.
  if (!now.dead && now.place.site != kNone && w.standing.goid == now.standing.goid)
    by_site.proven(now.place.site, gap_ns);
  const bool goes_on = !now.dead && now.standing.provable && w.standing.same(now.standing);
  if (goes_on) {
    ++w.gaps;
    if (now.place.row != kNone) by_row.proven(now.place.row, gap_ns);
    if (now.place.state != kNone) by_state.proven(now.place.state, gap_ns);
  } else {
    end_wait(w, now.dead ? nullptr : &now.standing);
    if (!now.dead && w.standing.moved_until(now.standing)) w.moved_ns = last_ns;
    w.fast_before = !now.dead && w.standing.parks_until(now.standing) > 1;
    w.standing = now.standing;
    w.first_ns = at_ns;
    w.before_ns = last_ns;
    w.gaps = 0;
  }
  w.before = w.place;
  w.place = now.place;
}

inline void Sampling::end_look(std::optional<std::int64_t> live) {
  Impl& m = *impl_;
  const bool first = m.last_ns == 0;
  const double gap_ns = first ? 0 : static_cast<double>(m.at_ns - m.last_ns);
  for (Impl::Seen& seen : m.seen) {
    if (seen.dead) continue;
    const double weight = seen.choice.stands_for;
    if (seen.place.row != kNone) m.by_row.count(seen.place.row, weight);
    if (seen.place.site != kNone) m.by_site.count(seen.place.site, weight);
    if (seen.place.system) continue;
    seen.place.state = static_cast<std::uint32_t>(seen.state);
    m.by_state.count(seen.place.state, weight);
  }
  if (m.all) {
    // Where a look before this one did not look at all there is nothing to compare with.
    if (first || !m.last_all) m.watched.assign(m.seen.size(), Watch{});
    for (const Impl::Seen& seen : m.seen) {
      if (!first && m.last_all) {
        m.follow(seen, gap_ns);
      } else {
        if (m.watched.size() <= seen.choice.slot) m.watched.resize(seen.choice.slot + std::size_t{1});
        Watch& w = m.watched[seen.choice.slot];
        w.standing = seen.standing;
        w.place = seen.place;
        w.before = seen.place;
        w.first_ns = m.at_ns;
      }
    }
  } else {
    m.watched.clear();
    // Two neighbouring strata are taken for one with two drawn from it.
    for (std::size_t i = 0; i + 1 < m.seen.size(); i += 2) {
      const Impl::Seen &a = m.seen[i], &b = m.seen[i + 1];
      const double size = (a.choice.stands_for + b.choice.stands_for) / 2.0;
      const double variance = size * (size - 1);
      m.by_row.choice(a.place.row, b.place.row, variance);
      m.by_site.choice(a.place.site, b.place.site, variance);
      m.by_state.choice(a.place.state, b.place.state, variance);
    }
  }

  std::optional<double> gap;
  if (!first) gap.emplace(gap_ns);
  const bool second = m.before_ns != 0;
  for (Classes* classes : {&m.by_row, &m.by_site, &m.by_state}) classes->end_look(gap, second);
  if (first) {
    ++m.gaps.segments;
    m.segment_from_ns = m.at_ns;
  } else {
    ++m.gaps.count;
    m.looked_ns += gap_ns;
    if (live && m.last_live) {
      m.live_ns += gap_ns * static_cast<double>(*live + *m.last_live) / 2;
    } else {
      m.live_known = false;
    }
  }
  m.last_live = live;
  m.before_ns = m.last_ns;
  m.last_ns = m.at_ns;
  m.last_all = m.all;
  ++m.looks;
  if (m.all) ++m.looks_at_all;
  m.goroutines_seen += m.seen.size();
}

inline void Sampling::end_segment() {
  Impl& m = *impl_;
  if (m.last_ns == 0) return;
  if (m.covered.size() < kMaxSegments) m.covered.push_back({m.segment_from_ns, m.last_ns});
  // Two looks that saw nobody: no class remembers a look of this segment.
  for (Classes* classes : {&m.by_row, &m.by_site, &m.by_state}) {
    classes->end_look(std::nullopt, false);
    classes->end_look(std::nullopt, false);
  }
  m.last_ns = m.before_ns = 0;
  m.last_live.reset();
  m.last_all = false;
}

inline SampledTime Sampling::Impl::time_of(const Series& series) const {
  SampledTime t;
  t.ns = rounded(series.total_ns());
  t.proven_ns = std::min(t.ns, rounded(series.proven_ns()));
  t.error_ns = rounded(series.standard_error_ns(gaps));
  // Looks that always agree prove nothing where the goroutine could have gone and come back: one change may
  // have been missed, of one look's length.
  if (t.proven_ns < t.ns) t.error_ns = std::max(t.error_ns, rounded(looked_ns / std::max(1.0, gaps.count)));
  return t;
}

inline SampledTables Sampling::tables() const {
  const Impl& m = *impl_;
  SampledTables out;
  for (std::uint32_t s = 0; s < std::min<std::size_t>(kGStates, m.by_state.size()); ++s) {
    out.states[s] = m.time_of(m.by_state[s]);
  }
  if (m.live_known) out.live_integral_ns = rounded(m.live_ns);
  for (std::uint32_t r = 0; r < m.by_row.size(); ++r) {
    SampledWaits& row = out.waits.emplace_back();
    row.key = m.rows.all()[r].key;
    row.time = m.time_of(m.by_row[r]);
    row.long_waits = m.rows.all()[r].waits;
  }
  for (const Watch& w : m.watched) {
    if (w.place.row == kNone || !w.standing.provable) continue;
    SampledWaits& row = out.waits[w.place.row];
    if (row.open_since_ns && *row.open_since_ns <= w.first_ns) continue;
    row.open_since_ns = w.first_ns;
  }
  for (std::uint32_t s = 0; s < m.by_site.size(); ++s) {
    const CreationData& site = m.sites.all()[s];
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

inline std::vector<StandingWait> Sampling::standing() const {
  std::vector<StandingWait> out;
  if (!impl_->last_all) return out;
  for (const Watch& w : impl_->watched) {
    const GState state = state_of(w.standing.status);
    if (state != GState::kWaiting && state != GState::kSyscall) continue;
    if (w.standing.provable && w.gaps + 1 >= kSeenStill) out.push_back({w.standing, w.first_ns});
  }
  return out;
}

inline std::vector<LastMove> Sampling::moves() const {
  std::vector<LastMove> out;
  if (!impl_->last_all) return out;
  for (const Watch& w : impl_->watched) {
    if (w.moved_ns != 0 && w.standing.goid != 0) out.push_back({w.standing.goid, w.moved_ns});
  }
  return out;
}

inline std::array<std::uint64_t, kGStates> Sampling::in_state() const {
  std::array<std::uint64_t, kGStates> out{};
  for (std::uint32_t s = 0; s < std::min<std::size_t>(kGStates, impl_->by_state.size()); ++s) {
    out[s] = rounded(impl_->by_state[s].last());
  }
  return out;
}

}  // namespace gorotrace::direct
