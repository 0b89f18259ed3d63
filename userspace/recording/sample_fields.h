// What stands in the messages of sampling (sampling/sample_tick.h): classes and ticks. Bounds are those of
// who makes them, and of who takes them (sampling/sampling.cpp).
#pragma once

#include "model/creation_rows.h"
#include "recording/columns.h"
#include "recording/field_writer.h"
#include "recording/shared_fields.h"
#include "sampling/sample_tick.h"
#include "stream/item.h"

namespace gorotrace {

// Slots of allgs, which GoroutineReader::Config bounds.
inline constexpr std::size_t kMaxSlots = 16u << 20;

template <ColumnsOf<BlockingKey> Io>
void columns(Io& io) {
  io.key(1, member<&BlockingKey::stack>, Coding::kFixed);
  io.column(2, member<&BlockingKey::reason>);
  io.flags(3, member<&BlockingKey::in_syscall>, member<&BlockingKey::system>, member<&BlockingKey::others>);
  io.column(4, member<&BlockingKey::label>);
}
inline void all_members(const BlockingKey& row) {
  [[maybe_unused]] const auto& [stack, reason, in_syscall, system, others, label] = row;
}

template <ColumnsOf<SampleSite> Io>
void columns(Io& io) {
  io.key(1, member<&SampleSite::gopc>);
  io.column(2, member<&SampleSite::startpc>);
  io.flags(3, member<&SampleSite::system>);
}
inline void all_members(const SampleSite& row) {
  [[maybe_unused]] const auto& [gopc, startpc, system] = row;
}

template <typename Io>
void fields(Io& io, Ref<Io, SampleClasses> classes) {
  auto& [rows, sites, labels] = classes;
  io.rows(1, rows, BlockingRows::kMaxRows);
  io.rows(2, sites, CreationRows::kMaxRows);
  io.each(3, labels, LabelValues::kMax);
}

// A standing's stack pointer says who stands still, no more.
template <ColumnsOf<SampleChange> Io>
void columns(Io& io) {
  io.key(1, member<&SampleChange::slot>, Coding::kDelta);
  io.flags(2, member<&SampleChange::alive>, member<&SampleChange::standing, &Standing::provable>);
  io.column(3, member<&SampleChange::standing, &Standing::goid>, Coding::kDelta);
  io.column(4, member<&SampleChange::standing, &Standing::pc>);
  io.column(5, member<&SampleChange::standing, &Standing::sp>, Coding::kDelta);
  io.column(6, member<&SampleChange::standing, &Standing::status>);
  io.column(7, member<&SampleChange::standing, &Standing::reason>);
  io.column(8, member<&SampleChange::standing, &Standing::seq>);
  io.column(9, member<&SampleChange::place, &Place::row>, Coding::kNoneIsZero);
  io.column(10, member<&SampleChange::place, &Place::site>, Coding::kNoneIsZero);
  io.column(11, member<&SampleChange::place, &Place::state>, Coding::kNoneIsZero);
}
inline void all_members(const SampleChange& row) {
  [[maybe_unused]] const auto& [slot, alive, standing, place] = row;
  [[maybe_unused]] const auto& [goid, pc, sp, status, reason, seq, provable] = standing;
  [[maybe_unused]] const auto& [of_row, site, state] = place;
}

template <ColumnsOf<ClassCount> Io>
void columns(Io& io) {
  io.key(1, member<&ClassCount::number>, Coding::kDelta);
  io.column(2, member<&ClassCount::goroutines>);
  io.column(3, member<&ClassCount::variance_4>);
}
inline void all_members(const ClassCount& row) {
  [[maybe_unused]] const auto& [number, goroutines, variance_4] = row;
}

template <typename Io>
void fields(Io& io, Ref<Io, SampleTick> tick) {
  auto& [what, number, at_ns, seen_ns, begins, all, everyone, slots, without_stack, overflow, live, changed,
         counts] = tick;
  io.choice(1, what, SampledWhat::kRuns);
  io.number(2, number);
  io.number(3, at_ns);
  io.number(4, seen_ns);
  io.number(5, begins);
  io.number(6, all);
  io.number(7, everyone);
  io.number(8, slots);
  io.number(9, without_stack);
  io.number(10, overflow);
  io.number(11, live);
  io.rows(12, changed, kMaxSlots);
  static_assert(kClassKinds == 3);
  io.rows(13, counts[kRowClass], BlockingRows::kMaxRows);
  io.rows(14, counts[kSiteClass], CreationRows::kMaxRows);
  io.rows(15, counts[kStateClass], kGStates);
}

template <typename Io>
void fields(Io& io, Ref<Io, SamplesLost> lost) {
  auto& [count] = lost;
  io.number(1, count);
}
template <typename Io>
void fields(Io& io, Ref<Io, SamplingEnded> ended) {
  auto& [what] = ended;
  io.choice(1, what, SampledWhat::kRuns);
}

}  // namespace gorotrace
