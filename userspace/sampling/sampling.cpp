#include "sampling/sampling.h"

#include <algorithm>
#include <utility>

#include "model/creation_rows.h"
#include "sampling/sampling_impl.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxSegments = 4096;
// A runtime.g takes some hundred bytes: no process has more of them than this (GoroutineReader::Config).
constexpr std::uint32_t kMaxSlots = 16u << 20;

}  // namespace

Sampling::Sampling() : impl_(std::make_unique<Impl>()) {}
Sampling::~Sampling() = default;
Sampling::Sampling(Sampling&&) noexcept = default;
Sampling& Sampling::operator=(Sampling&&) noexcept = default;

bool Sampling::define(const SampleClasses& classes) {
  Impl& m = *impl_;
  if (m.rows.size() + classes.rows.size() > BlockingRows::kMaxRows ||
      m.sites.size() + classes.sites.size() > CreationRows::kMaxRows)
    return false;
  for (const BlockingKey& key : classes.rows) m.rows.push_back({key, {}});
  m.sites.insert(m.sites.end(), classes.sites.begin(), classes.sites.end());
  return true;
}

SampleClasses Sampling::classes() const {
  SampleClasses out;
  out.rows.reserve(impl_->rows.size());
  for (const Impl::Row& row : impl_->rows) out.rows.push_back(row.key);
  out.sites = impl_->sites;
  return out;
}

bool Sampling::Impl::consistent(const SampleTick& tick) const {
  const std::array<std::size_t, kClassKinds> sizes{rows.size(), sites.size(), kGStates};
  const auto known = [&sizes](ClassKind kind, std::uint32_t number) { return number < sizes[kind]; };
  if (tick.slots > kMaxSlots || (tick.number == 0)) return false;
  if (!tick.begins && (tick_number == 0 || tick.number != tick_number + 1)) return false;
  if (tick.all && !tick.everyone && (tick.begins || !last_all)) return false;
  for (std::size_t i = 0; i < tick.changed.size(); ++i) {
    const SampleChange& c = tick.changed[i];
    if (c.slot >= tick.slots || (i > 0 && c.slot <= tick.changed[i - 1].slot)) return false;
    if ((c.place.row != kNone && !known(kRowClass, c.place.row)) ||
        (c.place.site != kNone && !known(kSiteClass, c.place.site)) ||
        (c.place.state != kNone && !known(kStateClass, c.place.state)))
      return false;
  }
  for (const ClassKind kind : {kRowClass, kSiteClass, kStateClass}) {
    for (const ClassCount& c : tick.counts[kind]) {
      if (!known(kind, c.number)) return false;
    }
  }
  return true;
}

void Sampling::Impl::enter(const Watch& w) {
  by_row.enter(w.place.row, w.standing.provable);
  by_site.enter(w.place.site, true);
  by_state.enter(w.place.state, w.standing.provable);
}

void Sampling::Impl::leave(const Watch& w) {
  by_row.leave(w.place.row, w.standing.provable);
  by_site.leave(w.place.site, true);
  by_state.leave(w.place.state, w.standing.provable);
}

// A wait is over: `next` is where its goroutine was seen instead (nullptr: gone).
void Sampling::Impl::end_wait(const Watch& watch, const Standing* next) {
  // Of the looks that saw it again the present one is none.
  const std::uint64_t gaps_seen = watch.standing.provable ? look - 1 - watch.first_look : 0;
  if (gaps_seen < 2 || watch.before_ns == 0 || watch.place.row == kNone) return;
  if (gaps_seen == 2 && watch.fast_before && next != nullptr && watch.standing.parks_until(*next) > 1) {
    return;  // three looks that agree by chance are likelier than one pause among parks that fast
  }
  // It began in the gap before its first look and ended in the one after its last: the middle of both.
  const std::uint64_t from = (watch.before_ns + watch.first_ns) / 2, to = (last_ns + at_ns) / 2;
  rows[watch.place.row].long_waits.add(to - from);
}

// One slot that changed from the last look to this one, both of which looked at all.
void Sampling::Impl::follow(const SampleChange& now, double gap_ns) {
  Watch& w = watched[now.slot];
  const bool both = before_ns != 0;
  by_row.own(now.place.row, w.place.row, both ? std::optional(w.before.row) : std::nullopt, gap_ns);
  by_site.own(now.place.site, w.place.site, both ? std::optional(w.before.site) : std::nullopt, gap_ns);
  by_state.own(now.place.state, w.place.state, both ? std::optional(w.before.state) : std::nullopt, gap_ns);
  // Goids are never used twice: whoever is there at both looks was there in between.
  if (now.alive && now.place.site != kNone && w.standing.goid == now.standing.goid)
    by_site.proven(now.place.site, gap_ns);
  if (now.alive && now.standing.provable && w.standing.same(now.standing)) {  // only its stack is news
    if (now.place.row != kNone) by_row.proven(now.place.row, gap_ns);
    if (now.place.state != kNone) by_state.proven(now.place.state, gap_ns);
  } else {
    end_wait(w, now.alive ? &now.standing : nullptr);
    if (now.alive && w.standing.moved_until(now.standing)) w.moved_ns = last_ns;
    w.fast_before = now.alive && w.standing.parks_until(now.standing) > 1;
    w.standing = now.standing;
    w.first_ns = seen_ns;
    w.before_ns = last_ns;
    w.first_look = look;
  }
  w.before = w.place;
  w.place = now.place;
  w.changed_at = look;
}

void Sampling::Impl::follow(const SampleTick& tick, double gap_ns) {
  if (watched.size() < tick.slots) watched.resize(tick.slots);
  for (const SampleChange& c : tick.changed) leave(watched[c.slot]);
  for (Classes* classes : {&by_row, &by_site, &by_state}) classes->count_proven(gap_ns);
  for (const SampleChange& c : tick.changed) {
    follow(c, gap_ns);
    enter(watched[c.slot]);
  }
  // What the last look saw change, and this one did not: still another place than two looks ago.
  for (const std::uint32_t slot : changed) {
    Watch& w = watched[slot];
    if (w.changed_at == look) continue;
    if (before_ns != 0) {
      by_row.own(w.place.row, w.place.row, w.before.row, gap_ns);
      by_site.own(w.place.site, w.place.site, w.before.site, gap_ns);
      by_state.own(w.place.state, w.place.state, w.before.state, gap_ns);
    }
    w.before = w.place;
  }
  changed.clear();
  for (const SampleChange& c : tick.changed) changed.push_back(c.slot);
  for (Classes* classes : {&by_row, &by_site, &by_state}) classes->count_present();
}

// Everyone anew: there is nothing to compare with.
void Sampling::Impl::list(const SampleTick& tick) {
  watched.assign(tick.slots, Watch{});
  changed.clear();
  for (Classes* classes : {&by_row, &by_site, &by_state}) classes->forget_all();
  for (const SampleChange& c : tick.changed) {
    Watch& w = watched[c.slot];
    w.standing = c.standing;
    w.place = w.before = c.place;
    w.first_ns = seen_ns;
    w.first_look = look;
    enter(w);
  }
  for (Classes* classes : {&by_row, &by_site, &by_state}) classes->count_present();
}

void Sampling::Impl::count_chosen(const SampleTick& tick) {
  watched.clear();
  changed.clear();
  const std::array<Classes*, kClassKinds> classes{&by_row, &by_site, &by_state};
  for (std::size_t kind = 0; kind < kClassKinds; ++kind) {
    classes[kind]->forget_all();
    for (const ClassCount& c : tick.counts[kind])
      classes[kind]->count(c.number, c.goroutines, static_cast<double>(c.variance_4) / 4);
  }
}

bool Sampling::apply(const SampleTick& tick) {
  Impl& m = *impl_;
  if (!m.consistent(tick)) {
    end_segment();
    return false;
  }
  if (tick.begins) end_segment();
  m.tick_number = tick.number;
  ++m.look;
  m.at_ns = std::max(tick.at_ns, m.last_ns + 1);
  m.seen_ns = std::max(tick.seen_ns, m.at_ns);
  const bool first = m.last_ns == 0;
  const double gap_ns = first ? 0 : static_cast<double>(m.at_ns - m.last_ns);
  if (!tick.all) {
    m.count_chosen(tick);
  } else if (tick.everyone) {
    m.list(tick);
  } else {
    m.follow(tick, gap_ns);
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
    if (tick.live && m.last_live) {
      m.live_ns += gap_ns * (static_cast<double>(*tick.live) + static_cast<double>(*m.last_live)) / 2;
    } else {
      m.live_known = false;
    }
  }
  m.last_live = tick.live;
  m.before_ns = m.last_ns;
  m.last_ns = m.at_ns;
  m.last_all = tick.all;
  ++m.looks;
  if (tick.all) ++m.looks_at_all;
  m.goroutines_seen += tick.slots;
  m.without_stack += tick.without_stack;
  m.overflow += tick.overflow;
  return true;
}

void Sampling::end_segment() {
  Impl& m = *impl_;
  m.tick_number = 0;
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
