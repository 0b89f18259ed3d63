// What stands in the message of a checkpoint (stream/checkpoint.h).
#pragma once

#include <array>

#include "model/open_state.h"
#include "model/panic_account.h"
#include "recording/columns.h"
#include "recording/field_writer.h"
#include "recording/file_item.h"
#include "recording/item_fields.h"
#include "recording/sample_fields.h"
#include "recording/snapshot_fields.h"

namespace gorotrace {

// A model drops those that are old long before.
inline constexpr std::size_t kMaxExits = 16u << 20;
// As a model keeps them (model/labels.cpp): of two readers.
inline constexpr std::size_t kMaxOpenLabelValues = 2 * LabelValues::kMax;
// As a model keeps them (model/pauses.h).
inline constexpr std::size_t kMaxOpenPauses = 1024;

template <typename Io>
void fields(Io& io, Ref<Io, BlockingKey> key) {
  auto& [stack, reason, in_syscall, system, others, label] = key;
  io.hash(1, stack);
  io.number(2, reason);
  io.number(3, in_syscall);
  io.number(4, system);
  io.number(5, others);
  io.number(6, label);
}
template <typename Io>
void fields(Io& io, Ref<Io, ObjectKey> key) {
  auto& [kind, address] = key;
  io.choice(1, kind, ObjectRow::Kind::kSemaphore);
  io.number(2, address);
}
template <typename Io>
void fields(Io& io, Ref<Io, OpenStay> wait) {
  auto& [row, from_ns, park_seen, object] = wait;
  io.nested(1, row);
  io.number(2, from_ns);
  io.number(3, park_seen);
  io.nested(4, object);
}
template <typename Io>
void fields(Io& io, Ref<Io, OpenLabels> run) {
  auto& [labels, since_ns, label] = run;
  io.number(1, labels);
  io.number(2, since_ns);
  LabelId known = label ^ kLabelNotRead;  // mostly 0, which is left out
  io.number(3, known);
  if constexpr (Io::kReads) label = known ^ kLabelNotRead;
}
template <typename Io>
void fields(Io& io, Ref<Io, OpenGoroutine> g) {
  auto& [goid, since_ns, last_ns, created_ns, gopc, startpc, state, created_seen, counted, from_memory, woken,
         system, of_c_thread, in_last_look, made, wait, semaphore, labels] = g;
  io.number(1, goid);
  io.number(2, since_ns);
  io.number(3, last_ns);
  io.number(4, created_ns);
  io.number(5, gopc);
  io.number(6, startpc);
  io.choice(7, state, GState::kAwake);
  io.number(8, created_seen);
  io.number(9, counted);
  io.number(10, from_memory);
  io.number(11, woken);
  io.number(12, system);
  io.number(13, of_c_thread);
  io.number(14, in_last_look);
  std::uint32_t made_by = made + 1;  // none: 0, which is left out
  io.number(15, made_by);
  if constexpr (Io::kReads) made = made_by - 1;
  io.nested(16, wait);
  io.number(17, semaphore);
  io.nested(18, labels);
}

template <ColumnsOf<OpenCreation> Io>
void columns(Io& io) {
  io.key(1, member<&OpenCreation::goid>, Coding::kDelta);
  io.column(2, member<&OpenCreation::creator>);
  io.column(3, member<&OpenCreation::stack>, Coding::kFixed);
  io.column(4, member<&OpenCreation::gopc>);
  io.column(5, member<&OpenCreation::startpc>);
  io.column(6, member<&OpenCreation::up>, Coding::kNoneIsZero);
}
inline void all_members(const OpenCreation& row) {
  [[maybe_unused]] const auto& [goid, creator, stack, gopc, startpc, up] = row;
}

template <typename Io>
void fields(Io& io, Ref<Io, OpenObject> object) {
  auto& [key, waiter_stack, waiter_reason] = object;
  io.nested(1, key);
  io.hash(2, waiter_stack);
  io.number(3, waiter_reason);
}

template <typename Io>
void fields(Io& io, Ref<Io, OpenPanic> panic) {
  auto& [goid, at_ns, depth, stack, value] = panic;
  io.number(1, goid);
  io.nested(2, value);
  io.number(3, at_ns);
  io.number(4, depth);
  io.hash(5, stack);
}

template <ColumnsOf<OpenState::Exit> Io>
void columns(Io& io) {
  io.key(1, member<&OpenState::Exit::goid>, Coding::kDelta);
  io.column(2, member<&OpenState::Exit::at_ns>, Coding::kDelta);
}
inline void all_members(const OpenState::Exit& row) {
  [[maybe_unused]] const auto& [goid, at_ns] = row;
}

template <typename Io>
void fields(Io& io, Ref<Io, OpenState::Group> group) {
  auto& [on, since_ns] = group;
  io.number(1, on);
  io.number(2, since_ns);
}

template <typename Io>
void fields(Io& io, Ref<Io, OpenPauses::Pause> pause) {
  auto& [since_ns, reason] = pause;
  io.number(1, since_ns);
  io.number(2, reason);
}
template <typename Io>
void fields(Io& io, Ref<Io, OpenPauses::Collection> collection) {
  auto& [since_ns, paused] = collection;
  io.number(1, since_ns);
  io.number(2, paused);
}
template <ColumnsOf<PauseSpan> Io>
void columns(Io& io) {
  io.key(1, member<&PauseSpan::from_ns>, Coding::kDelta);
  io.column(2, member<&PauseSpan::to_ns>, Coding::kDelta);
  io.column(3, member<&PauseSpan::reason>);
}
inline void all_members(const PauseSpan& row) {
  [[maybe_unused]] const auto& [from_ns, to_ns, reason] = row;
}
template <typename Io>
void fields(Io& io, Ref<Io, OpenPauses> pauses) {
  auto& [pause, collection, spans] = pauses;
  io.nested(1, pause);
  io.nested(2, collection);
  io.rows(3, spans, kMaxOpenPauses);
}

template <typename Io>
void fields(Io& io, Ref<Io, OpenState> open) {
  auto& [at_ns, told_ns, lossy_until_ns, window_from_ns, last_look_ns, all_looked_at, extra_made, groups,
         exits, exits_complete_from_ns, system_starts, label_values, goroutines, lineage, objects, panics,
         pauses] = open;
  io.number(1, at_ns);
  io.number(2, told_ns);
  io.number(3, lossy_until_ns);
  io.number(4, window_from_ns);
  io.number(5, last_look_ns);
  io.number(6, all_looked_at);
  io.number(7, extra_made);
  static_assert(GT_GROUP_COUNT < 10);
  for (unsigned i = 0; i < GT_GROUP_COUNT; ++i) io.nested(10 + i, groups[i]);
  io.rows(20, exits, kMaxExits);
  io.number(21, exits_complete_from_ns);
  io.numbers(22, system_starts, kMaxGoroutines);
  io.each(23, label_values, kMaxOpenLabelValues);
  io.each(24, goroutines, kMaxGoroutines);
  io.rows(25, lineage, kMaxGoroutines);
  io.each(26, objects, kMaxGoroutines);
  io.each(27, panics, PanicAccount::kMaxOpen);
  io.nested(28, pauses);
}

template <typename Io>
void fields(Io& io, Ref<Io, CheckpointTold> told) {
  auto& [target, checkpoint] = told;  // target: the envelope's
  auto& [model, end_ns, counters, cost, classes] = checkpoint;
  fields(io, model);
  std::uint64_t until_ns = end_ns + 1;  // no end: 0, which is left out
  io.number(30, until_ns);
  if constexpr (Io::kReads) checkpoint.end_ns = until_ns - 1;
  io.nested(31, counters);
  io.nested(32, cost);
  io.rows(33, classes.rows, BlockingRows::kMaxRows);
  io.rows(34, classes.sites, CreationRows::kMaxRows);
  io.each(35, classes.labels, LabelValues::kMax);
}

}  // namespace gorotrace
