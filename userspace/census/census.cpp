#include "census/census.h"

#include <algorithm>
#include <utility>

#include "census/census_impl.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxSegments = 4096;

}  // namespace

Census::Census(CensusConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Census::~Census() = default;

void Census::begin_look(std::uint64_t at_ns, bool all) {
  Impl& m = *impl_;
  m.at_ns = std::max(at_ns, m.last_ns + 1);
  m.all = all;
  m.seen.clear();
}

std::optional<std::uint32_t> Census::see(Choice choice, const GWords* words) {
  Impl& m = *impl_;
  const auto number = static_cast<std::uint32_t>(m.seen.size());
  Impl::Seen& seen = m.seen.emplace_back();
  seen.choice = choice;
  if (words == nullptr || !words->alive() || words->goid == 0) return std::nullopt;
  const GWords& w = *words;
  seen.dead = false;
  seen.state = state_of(w.state());
  seen.standing = Standing::of(w, m.provable(w));
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

void Census::place(std::uint32_t number, std::uint64_t stack_id) {
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
void Census::Impl::end_wait(const Watch& watch, const Standing* next) {
  if (watch.gaps < 2 || watch.before_ns == 0 || watch.place.row == kNone) return;
  if (watch.gaps == 2 && watch.fast_before && next != nullptr && watch.standing.parks_until(*next) > 1) {
    return;  // three looks that agree by chance are likelier than one pause among parks that fast
  }
  // It began in the gap before its first look and ended in the one after its last: the middle of both.
  const std::uint64_t from = (watch.before_ns + watch.first_ns) / 2, to = (last_ns + at_ns) / 2;
  rows[watch.place.row].waits.add(to - from);
}

// One slot from the last look to this one, both of which looked at all.
void Census::Impl::follow(const Seen& now, double gap_ns) {
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

void Census::end_look(std::optional<std::int64_t> live) {
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

  const std::optional<double> gap = first ? std::nullopt : std::optional(gap_ns);
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

void Census::end_segment() {
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

}  // namespace gorotrace
