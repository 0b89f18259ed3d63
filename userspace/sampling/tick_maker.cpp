#include "sampling/tick_maker.h"

#include <algorithm>
#include <utility>

#include "model/memory_state.h"

namespace gorotrace {

TickMaker::TickMaker(const SamplingConfig& config) : config_(config) {
  for (std::size_t i = 0; i < std::min<std::size_t>(config_.wait_reasons.size(), 255); ++i) {
    if (config_.wait_reasons[i] == "preempted") reason_preempted_ = static_cast<std::uint8_t>(i);
    if (config_.wait_reasons[i] == "coroutine") reason_coroutine_ = static_cast<std::uint8_t>(i);
  }
}

// A status that cannot be left and taken up again without g.trackingSeq telling.
bool TickMaker::provable(const Standing& s) const {
  switch (s.status) {
    case GStatus::kWaiting:
    case GStatus::kLeaked:
      return reason_coroutine_ == 0xff || s.reason != reason_coroutine_;
    case GStatus::kPreempted:
    case GStatus::kRunnable:
      return true;
    case GStatus::kSyscall:
      return config_.syscalls_counted;
    default:
      return false;
  }
}

void TickMaker::begin(std::uint64_t at_ns, bool all) {
  tick_.number += 1;
  tick_.at_ns = at_ns;
  tick_.begins = std::exchange(begins_, false);
  tick_.all = all;
  tick_.everyone = all && (tick_.begins || !all_before_);
  tick_.slots = tick_.without_stack = tick_.overflow = 0;
  tick_.changed.clear();
  for (auto& counts : tick_.counts) counts.clear();
  all_before_ = all;
  asked_.clear();
  changed_.clear();
  chosen_.clear();
}

void TickMaker::note_change(Slot& slot, std::uint32_t number) {
  if (!std::exchange(slot.changed, true)) changed_.push_back(number);
}

bool TickMaker::is_system(std::uint64_t startpc) {
  auto system = sites_.described_as(startpc);
  if (!system) {
    system = config_.is_system && config_.is_system(startpc);
    sites_.describe(startpc, *system);
  }
  return *system;
}

void TickMaker::enter(Slot& slot, const Sighting& sighting) {
  // Goids are never used twice.
  if (!slot.alive || slot.standing.goid != sighting.standing.goid || slot.site == kNone) {
    slot.system = is_system(sighting.startpc);
    slot.site = sites_.row(sighting.gopc, sighting.startpc);
  }
  slot.alive = true;
  slot.standing = sighting.standing;
  slot.standing.provable = provable(sighting.standing);
  slot.row = kNone;
  slot.tries = 0;
  const GState state = state_of(slot.standing.status);
  slot.stackless = state == GState::kWaiting || state == GState::kSyscall;
  slot.incomplete = slot.stackless || slot.site == kNone;
}

std::optional<std::uint32_t> TickMaker::see(Choice choice, const Sighting& sighting) {
  ++tick_.slots;
  if (slots_.size() <= choice.slot) slots_.resize(choice.slot + std::size_t{1});
  Slot& slot = slots_[choice.slot];
  if (!tick_.all) chosen_.push_back(choice);
  if (!sighting.alive) {
    if (slot.alive) {
      note_change(slot, choice.slot);
      slot = Slot{};
      slot.changed = true;
    }
    return std::nullopt;
  }
  if (!slot.alive || !slot.standing.same(sighting.standing)) {
    note_change(slot, choice.slot);
    enter(slot, sighting);
  }
  if (!slot.incomplete) return std::nullopt;
  if (slot.site == kNone) ++tick_.overflow;
  if (!slot.stackless) {
    if (slot.row == kNone && slot.tries != 0) ++tick_.overflow;  // its stack is known, its row has no room
    return std::nullopt;
  }
  if (slot.tries < kTries) {
    ++slot.tries;
    asked_.push_back(choice.slot);
    return static_cast<std::uint32_t>(asked_.size() - 1);
  }
  ++tick_.without_stack;
  if (slot.row == kNone) ++tick_.overflow;
  return std::nullopt;
}

void TickMaker::place(std::uint32_t number, std::optional<Stay> stay) {
  Slot& slot = slots_[asked_[number]];
  if (!stay) --slot.tries;
  const std::uint32_t before = slot.row;
  put_in_row(slot, stay.value_or(Stay{.label = config_.by_label ? kLabelNotRead : kNoLabelAsked}));
  if (slot.row != before) note_change(slot, asked_[number]);
}

void TickMaker::put_in_row(Slot& slot, const Stay& stay) {
  if (stay.stack_id == 0) ++tick_.without_stack;
  const bool in_syscall = slot.standing.status == GStatus::kSyscall;
  BlockingKey key{
      .stack = stay.stack_id, .in_syscall = in_syscall, .system = slot.system, .label = stay.label};
  if (!in_syscall)
    key.reason = slot.standing.status == GStatus::kPreempted ? reason_preempted_ : slot.standing.reason;
  slot.row = rows_.row(key);
  if (slot.row == kNone) ++tick_.overflow;
  slot.stackless = stay.stack_id == 0;
  slot.incomplete = slot.stackless || slot.row == kNone || slot.site == kNone;
}

Place TickMaker::place_of(const Slot& slot) {
  Place place;
  if (!slot.alive) return place;
  place.row = slot.row;
  place.site = slot.site;
  if (!slot.system) place.state = static_cast<std::uint32_t>(state_of(slot.standing.status));
  return place;
}

void TickMaker::tell_changes() {
  const auto tell = [this](std::uint32_t number) {
    const Slot& slot = slots_[number];
    tick_.changed.push_back({number, slot.alive, slot.standing, place_of(slot)});
  };
  if (tick_.everyone) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].alive) tell(i);
    }
  } else {
    std::ranges::sort(changed_);
    for (const std::uint32_t number : changed_) tell(number);
  }
}

void TickMaker::tell_counts() {
  const auto count = [this](ClassKind kind, std::uint32_t number) -> Counted& {
    auto& counted = counted_[kind];
    if (number >= counted.size()) counted.resize(number + std::size_t{1});
    Counted& c = counted[number];
    if (c.goroutines == 0 && c.variance_4 == 0) touched_[kind].push_back(number);
    return c;
  };
  const auto each = [](const Place& p) {
    return std::array<std::pair<ClassKind, std::uint32_t>, kClassKinds>{
        {{kRowClass, p.row}, {kSiteClass, p.site}, {kStateClass, p.state}}};
  };
  std::ranges::sort(chosen_, {}, &Choice::slot);
  for (const Choice& c : chosen_) {
    for (const auto& [kind, number] : each(place_of(slots_[c.slot]))) {
      if (number != kNone) count(kind, number).goroutines += c.stands_for;
    }
  }
  // Two neighbouring strata are taken for one with two drawn from it: what they differ in is the error of
  // choosing. Variance: size * (size - 1) of a stratum of the mean size.
  for (std::size_t i = 0; i + 1 < chosen_.size(); i += 2) {
    const Choice &a = chosen_[i], &b = chosen_[i + 1];
    const std::uint64_t both = std::uint64_t{a.stands_for} + b.stands_for;
    const auto in_a = each(place_of(slots_[a.slot])), in_b = each(place_of(slots_[b.slot]));
    for (std::size_t kind = 0; kind < kClassKinds; ++kind) {
      if (in_a[kind].second == in_b[kind].second) continue;
      for (const std::uint32_t number : {in_a[kind].second, in_b[kind].second}) {
        if (number != kNone) count(in_a[kind].first, number).variance_4 += both * (both - 2);
      }
    }
  }
  for (std::size_t kind = 0; kind < kClassKinds; ++kind) {
    std::ranges::sort(touched_[kind]);
    for (const std::uint32_t number : touched_[kind]) {
      const Counted c = std::exchange(counted_[kind][number], {});
      tick_.counts[kind].push_back({number, c.goroutines, c.variance_4});
    }
    touched_[kind].clear();
  }
}

const SampleTick& TickMaker::end(std::uint64_t seen_ns, std::optional<std::int64_t> live) {
  tick_.seen_ns = seen_ns;
  tick_.live = live;
  if (tick_.all) {
    tell_changes();
  } else {
    tell_counts();
  }
  for (const std::uint32_t number : changed_) slots_[number].changed = false;
  return tick_;
}

SampleClasses TickMaker::take_classes() {
  SampleClasses out;
  for (; rows_told_ < rows_.all().size(); ++rows_told_) out.rows.push_back(rows_.all()[rows_told_].key);
  for (; sites_told_ < sites_.all().size(); ++sites_told_) {
    const CreationData& site = sites_.all()[sites_told_];
    out.sites.push_back({site.gopc, site.startpc, site.system});
  }
  return out;
}

}  // namespace gorotrace
