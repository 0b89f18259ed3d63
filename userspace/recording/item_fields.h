// What stands in the messages of the small kinds of items (stream/item.h, file_item.h). The number in front
// of a member is its field's: it is in files, so it stays.
#pragma once

#include <memory>

#include "recording/field_writer.h"
#include "recording/file_item.h"
#include "recording/shared_fields.h"

namespace gorotrace {

// Of one run, which the router (stream/router.cpp) makes much shorter.
inline constexpr std::size_t kMaxRecords = 1u << 20;
// As StackSet has it: what a probe sees is 64 calls.
inline constexpr std::size_t kMaxStackDepth = 1u << 20;
// Of one pc: golang/pclntab.cpp follows 256 inlined calls.
inline constexpr std::size_t kMaxFrames = 1024;

template <typename Io>
void fields(Io&, Ref<Io, Advanced>) {}
template <typename Io>
void fields(Io&, Ref<Io, TargetEnded>) {}
template <typename Io>
void fields(Io&, Ref<Io, TargetGone>) {}

template <typename Io>
void fields(Io& io, Ref<Io, TargetBegun> begun) {
  auto& [host_pid, start_time_ticks, exe, wait_reasons, label_key] = begun;
  io.number(1, host_pid);
  io.number(2, start_time_ticks);
  io.text(3, exe);
  io.texts(4, wait_reasons, kMaxWaitReasons);
  io.bytes(5, label_key);  // as the user gave it
}

// Field 1: columns of record_columns.h.
template <typename Io>
void fields(Io& io, Ref<Io, Records> run) {
  auto& [records] = run;
  io.records(1, records, kMaxRecords);
}

template <typename Io>
void fields(Io& io, Ref<Io, StackPcs> stack) {
  auto& [pcs, truncated, user_code] = stack;
  io.numbers(2, pcs, kMaxStackDepth);
  io.number(3, truncated);
  io.number(4, user_code);
}
template <typename Io>
void fields(Io& io, Ref<Io, StackDefined> defined) {
  auto& [id, stack] = defined;
  io.hash(1, id);
  if constexpr (Io::kReads) {
    fields(io, const_cast<StackPcs&>(*stack));  // begin_reading() made it, and nobody else has it yet
  } else {
    fields(io, *stack);
  }
}
inline void begin_reading(StackDefined& defined) {
  defined.stack = std::make_shared<StackPcs>();
}

template <typename Io>
void fields(Io& io, Ref<Io, FunctionDescribed> function) {
  auto& [startpc, name, system] = function;
  io.number(1, startpc);
  io.bytes(2, name);
  io.number(3, system);
}

template <typename Io>
void fields(Io& io, Ref<Io, PanicValue> value) {
  auto& [type, text, cut] = value;
  io.bytes(2, type);
  io.bytes(3, text);
  io.number(4, cut);
}
template <typename Io>
void fields(Io& io, Ref<Io, ValueDefined> defined) {
  auto& [id, value] = defined;
  io.hash(1, id);
  fields(io, value);
}

template <typename Io>
void fields(Io& io, Ref<Io, CountersRead> read) {
  auto& [counters, timed_runs] = read;
  io.nested(1, counters);
  io.number(2, timed_runs);
}

template <typename Io>
void fields(Io& io, Ref<Io, GroupChanged> change) {
  auto& [group, on] = change;
  io.choice(1, group, static_cast<gt_group>(GT_GROUP_COUNT - 1));
  io.number(2, on);
}

template <typename Io>
void fields(Io& io, Ref<Io, CostCharged> cost) {
  auto& [hits, target_cpu_ns, charged_ns] = cost;
  io.number(1, hits);
  io.number(2, target_cpu_ns);
  io.real(3, charged_ns);
}

template <typename Io>
void fields(Io& io, Ref<Io, Loss> loss) {
  auto& [to_ns, count] = loss;
  io.number(1, to_ns);
  io.number(2, count);
}

template <typename Io>
void fields(Io& io, Ref<Io, Frame> frame) {
  auto& [function, file, line, inlined, wrapper, start_line, pc, entry, type_arguments] = frame;
  io.text(1, function);
  io.text(2, file);
  io.number(3, line);
  io.number(4, inlined);
  io.number(5, wrapper);
  io.number(6, start_line);
  io.number(7, pc);
  io.number(8, entry);
  io.text(9, type_arguments);
}
template <typename Io>
void fields(Io& io, Ref<Io, FramesNamed> named) {
  auto& [target, pc, kind, frames] = named;  // target: the envelope's
  io.number(1, pc);
  io.choice(2, kind, PcKind::kExact);
  io.each(3, frames, kMaxFrames);
}

template <typename Io>
void fields(Io& io, Ref<Io, ExecutableMapping> mapping) {
  auto& [start, end, file_offset, file, build_id] = mapping;
  io.number(1, start);
  io.number(2, end);
  io.number(3, file_offset);
  io.text(4, file);
  io.text(5, build_id);
}
template <typename Io>
void fields(Io& io, Ref<Io, MappingsTold> told) {
  auto& [target, mappings] = told;  // target: the envelope's
  io.each(1, mappings, kMaxMappings);
}

template <typename Io>
void fields(Io& io, Ref<Io, ClockPair> pair) {
  auto& [monotonic_ns, realtime_ns] = pair;
  io.number(1, monotonic_ns);
  io.number(2, realtime_ns);
}

template <typename Io>
void fields(Io& io, Ref<Io, WindowKept> kept) {
  auto& [from_the_start, goes_on, asked_ns, dropped_bytes, why] = kept;
  io.number(1, from_the_start);
  io.number(2, goes_on);
  io.number(3, asked_ns);
  io.number(4, dropped_bytes);
  io.text(5, why);
}

}  // namespace gorotrace
