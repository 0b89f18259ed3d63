// What stands in the messages of a look at all goroutines (snapshot/goroutines.h), and at what they wait on.
//
// Left out is what means nothing without the process: the addresses of a goroutine's structs (g, m, sp,
// timer, waiting, ancestors) with g.sleepWhen, which goes with the timer, and its place in allgs; and which
// goroutines needed a second look, for their number is told. The snapshot's stacks are told as StackDefined
// in front of it, and its goroutines name them by stack_id.
#pragma once

#include "recording/columns.h"
#include "recording/field_writer.h"
#include "recording/shared_fields.h"
#include "snapshot/goroutines.h"
#include "stream/item.h"

namespace gorotrace {

// GoroutineReader::Config::max_goroutines.
inline constexpr std::size_t kMaxGoroutines = 16u << 20;

template <ColumnsOf<GoroutineSnapshot> Io>
void columns(Io& io) {
  using G = GoroutineSnapshot;
  io.key(1, member<&G::goid>, Coding::kDelta);
  io.column(2, member<&G::gopc>);
  io.column(3, member<&G::startpc>);
  io.column(4, member<&G::parent_goid>);
  io.column(5, member<&G::wait_since_ns>, Coding::kDelta);
  io.column(6, member<&G::waited_at_ns>, Coding::kDelta);
  io.column(7, member<&G::read_at_ns>, Coding::kDelta);
  io.column(8, member<&G::labels>);
  io.column(9, member<&G::label>);
  io.column(10, member<&G::bubble>);
  io.column(11, member<&G::stack_id>, Coding::kFixed);
  io.column(12, member<&G::thread_id>);
  io.column(13, member<&G::status>);
  io.column(14, member<&G::wait_reason>);
  io.column(15, member<&G::tracking_seq>);
  io.flags(16, member<&G::scan>, member<&G::locked>, member<&G::on_thread>, member<&G::running_cleanups>,
           member<&G::truncated>, member<&G::ends_outside>, member<&G::unproven>);
}
inline void all_members(const GoroutineSnapshot& row) {
  [[maybe_unused]] const auto& [goid, g, gopc, startpc, parent_goid, wait_since_ns, waited_at_ns, read_at_ns,
                                m, ancestors, labels, waiting, timer, sleep_when, bubble, label, stack_id, sp,
                                stack, index, thread_id, status, wait_reason, tracking_seq, scan, locked,
                                on_thread, running_cleanups, truncated, ends_outside, unproven, retried] =
      row;
}

template <typename Io>
void fields(Io& io, Ref<Io, SnapshotCounts> counts) {
  auto& [seen, alive, stacks, unvalidated, running, no_base, unproven, end_outside, retried, unreadable,
         implausible, not_reached, extra, begin_ns, end_ns] = counts;
  io.number(1, seen);
  io.number(2, alive);
  io.number(3, stacks);
  io.number(4, unvalidated);
  io.number(5, running);
  io.number(6, no_base);
  io.number(7, unproven);
  io.number(8, end_outside);
  io.number(9, retried);
  io.number(10, unreadable);
  io.number(11, implausible);
  io.number(12, not_reached);
  io.number(13, extra);
  io.number(14, begin_ns);
  io.number(15, end_ns);
}

template <typename Io>
void fields(Io& io, Ref<Io, Snapshot> snapshot) {
  auto& [goroutines, stacks, counts, label_values] = snapshot;
  io.nested(1, counts);
  io.each(2, label_values, LabelValues::kMax);
  io.rows(3, goroutines, kMaxGoroutines);
}

template <ColumnsOf<SeenObject> Io>
void columns(Io& io) {
  io.key(1, member<&SeenObject::goid>, Coding::kDelta);
  io.column(2, member<&SeenObject::address>, Coding::kDelta);
  io.column(3, member<&SeenObject::kind>, Coding::kPlain,
            static_cast<std::uint64_t>(ObjectRow::Kind::kSemaphore));
  io.column(4, member<&SeenObject::read_at_ns>, Coding::kDelta);
}
inline void all_members(const SeenObject& row) {
  [[maybe_unused]] const auto& [goid, address, kind, read_at_ns] = row;
}

template <typename Io>
void fields(Io& io, Ref<Io, SeenObjects> seen) {
  auto& [end_ns, objects] = seen;
  io.number(1, end_ns);
  io.rows(2, objects, kMaxGoroutines);
}

}  // namespace gorotrace
