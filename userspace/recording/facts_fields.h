// What stands in the messages of a target's facts (evidence/facts.h).
#pragma once

#include <string>
#include <utility>

#include "evidence/facts.h"
#include "recording/field_writer.h"
#include "recording/file_item.h"
#include "recording/shared_fields.h"

namespace gorotrace {

// Of lists that are as long as we make them: what we have to say of a target, each once. The longest known
// have some tens.
inline constexpr std::size_t kMaxSaid = 1u << 14;

template <typename Io>
void fields(Io& io, Ref<Io, TargetFacts> target) {
  auto& [pid, host_pid, exe, file, go_version, main_module, main_version] = target;
  io.number(1, pid);
  io.number(2, host_pid);
  io.text(3, exe);
  io.text(4, file);
  io.text(5, go_version);
  io.text(6, main_module);
  io.text(7, main_version);
}

template <typename Io>
void fields(Io& io, Ref<Io, CostFacts> cost) {
  auto& [hits, charged_ns, target_cpu_ns, budget_share] = cost;
  io.number(1, hits);
  io.real(2, charged_ns);
  io.number(3, target_cpu_ns);
  io.real(4, budget_share);
}

template <typename Io>
void fields(Io& io, Ref<Io, SharedProbes> shared) {
  auto& [targets, others_hits] = shared;
  io.number(1, targets);
  io.number(2, others_hits);
}

// What a reason stands for, and how often.
template <typename Io>
void fields(Io& io, Ref<Io, std::pair<std::string, std::uint64_t>> counted) {
  auto& [reason, count] = counted;
  io.bytes(1, reason);
  io.number(2, count);
}
template <typename Io>
void fields(Io& io, Ref<Io, EventFacts> events) {
  auto& [produced, received, dropped, stack_failed, in_window] = events;
  io.number(1, produced);
  io.number(2, received);
  io.each(3, dropped, kMaxSaid);
  io.each(4, stack_failed, kMaxSaid);
  io.number(5, in_window);
}

template <typename Io>
void fields(Io& io, Ref<Io, Detachment> detachment) {
  auto& [group, at_ns, reason] = detachment;
  io.choice(1, group, static_cast<gt_group>(GT_GROUP_COUNT - 1));
  io.number(2, at_ns);
  io.bytes(3, reason);
}

template <typename Io>
void fields(Io& io, Ref<Io, Phases> phases) {
  auto& [groups, count, reason] = phases;
  io.number(1, groups);
  io.number(2, count);
  io.bytes(3, reason);
}

template <typename Io>
void fields(Io& io, Ref<Io, SamplingFacts> sampling) {
  auto& [looks, looks_at_all, goroutines_seen, without_stack, missed, cpu_ns, time_ns] = sampling;
  io.number(1, looks);
  io.number(2, looks_at_all);
  io.number(3, goroutines_seen);
  io.number(4, without_stack);
  io.number(5, missed);
  io.number(6, cpu_ns);
  io.number(7, time_ns);
}

// All three always: not 0 is what they are until somebody measured.
template <typename Io>
void fields(Io& io, Ref<Io, TrapCosts> costs) {
  auto& [emulated_ns, single_step_ns, emulates_long_nop] = costs;
  io.real(1, emulated_ns);
  io.real(2, single_step_ns);
  io.number(3, emulates_long_nop);
}

template <typename Io>
void fields(Io& io, Ref<Io, CrossCheck::Totals> totals) {
  auto& [created, exited] = totals;
  io.number(1, created);
  io.number(2, exited);
}
template <typename Io>
void fields(Io& io, Ref<Io, CrossCheck> check) {
  auto& [begin, end, before_begin, after_begin, before_end, after_end] = check;
  io.nested(1, begin);
  io.nested(2, end);
  io.nested(3, before_begin);
  io.nested(4, after_begin);
  io.nested(5, before_end);
  io.nested(6, after_end);
}

template <typename Io>
void fields(Io& io, Ref<Io, Histogram::Parts> parts) {
  auto& [first, buckets, count, total, max] = parts;
  io.number(1, first);
  io.numbers(2, buckets, Histogram::kMaxBuckets);
  io.number(3, count);
  io.number(4, total);
  io.number(5, max);
}
template <typename Io>
void fields(Io& io, Ref<Io, Interval> interval) {
  auto& [from_ns, to_ns] = interval;
  io.number(1, from_ns);
  io.number(2, to_ns);
}
template <typename Io>
void fields(Io& io, Ref<Io, RuntimeLatency> latency) {
  auto& [between, times] = latency;
  io.nested(1, between);
  if constexpr (Io::kReads) {
    Histogram::Parts parts;
    if (!io.nested(2, parts)) return;
    auto histogram = Histogram::of(std::move(parts));
    if (!histogram) throw Damaged("a histogram contradicts itself");
    times = *std::move(histogram);
  } else {
    io.nested(2, times.parts());
  }
}

template <typename Io>
void fields(Io& io, Ref<Io, FactsTold> told) {
  auto& [target, whole, facts] = told;  // target: the envelope's
  io.number(1, whole);
  auto& [of, begin_ns, end_ns, wait_reasons, requested, on_at_end, incomplete, detached, phases, sampling,
         run_sampling, cost, shared_probes, calibrated, events, live_at_start, of_c_threads_at_start,
         cross_check, counters_begin, counters_end, runtime_latency, ended_by, notices] = facts;
  io.nested(2, of);
  io.number(3, begin_ns);
  io.number(4, end_ns);
  io.texts(5, wait_reasons, kMaxWaitReasons);
  io.number(6, requested);
  io.number(7, on_at_end);
  io.number(8, incomplete);
  io.each(9, detached, kMaxSaid);
  io.nested(10, phases);
  io.nested(11, sampling);
  io.nested(12, run_sampling);
  io.nested(13, cost);
  io.nested(14, shared_probes);
  io.nested(15, calibrated);
  io.nested(16, events);
  io.number(17, live_at_start);
  io.number(18, of_c_threads_at_start);
  io.nested(19, cross_check);
  io.nested(20, counters_begin);
  io.nested(21, counters_end);
  io.nested(22, runtime_latency);
  io.bytes(23, ended_by);
  io.strings(24, notices, kMaxSaid);
}

}  // namespace gorotrace
