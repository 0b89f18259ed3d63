#include "export/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "model/memory_state.h"
#include "probe/names.h"

namespace gorotrace {
namespace {

// As long as a look at all goroutines may take (GoroutineReader::Config), if there are not too many.
constexpr std::uint64_t kExitsKeptNs = 31'000'000'000;
constexpr std::size_t kMaxExits = 1u << 20;
constexpr std::string_view kPreempted = "preempted", kCoroutine = "coroutine";

bool by_goroutine(const gt_record& r) {
  return (r.flags & GT_REC_ACTOR_MASK) == GT_ACTOR_GOROUTINE && r.other != 0;
}

bool names_actor(const gt_record& r) {
  return r.hook == GT_HOOK_CREATE || r.hook == GT_HOOK_CREATE_CORO || r.hook == GT_HOOK_READY ||
         r.hook == GT_HOOK_INJECT;
}

bool is_end(const gt_record& r) {
  return r.hook == GT_HOOK_EXIT || r.hook == GT_HOOK_EXTRA_OUT ||
         (r.hook == GT_HOOK_CORO_OUT && (r.flags & GT_REC_ENDS) != 0);
}

bool is_creation(const gt_record& r) {
  return r.hook == GT_HOOK_CREATE || r.hook == GT_HOOK_CREATE_CORO || r.hook == GT_HOOK_EXTRA_IN;
}

// What memory says of one that was looked at.
GState state_in(const GoroutineSnapshot& seen) {
  const GState state = state_of(seen.status);
  // On its thread's system stack, where the collector may scan its stack: no switch.
  return state == GState::kWaiting && seen.on_thread ? GState::kRunning : state;
}

}  // namespace

Timeline::Timeline(TargetId target, TimelineVisitor& visitor) : target_(target), visitor_(visitor) {}

Status Timeline::take(const FileItem& item) {
  return std::visit([this](const auto& what) { return take_this(what); }, item);
}

std::string_view Timeline::reason(unsigned number) const {
  return number < wait_reasons_.size() ? std::string_view(wait_reasons_[number]) : std::string_view();
}

bool Timeline::all_on() const {
  return std::ranges::all_of(kTraceGroups, [this](gt_group g) { return on_[g]; });
}

Status Timeline::take_this(const Item& item) {
  if (item.target != target_) return {};
  if (const auto* begun = std::get_if<TargetBegun>(&item.what)) {
    if (begun_) return {};  // a segment says it again
    begun_ = true;
    pid_ = begun->host_pid;
    wait_reasons_ = begun->wait_reasons;
    return {};
  }
  if (std::holds_alternative<StackDefined>(item.what)) return {};
  if (const auto* value = std::get_if<ValueDefined>(&item.what)) {
    define(*value);
    return {};
  }
  if (const auto* f = std::get_if<FunctionDescribed>(&item.what)) {
    if (f->system) system_starts_.insert(f->startpc);
    return {};
  }
  if (const auto* loss = std::get_if<Loss>(&item.what)) {
    lost_ += loss->count;
    return wants_checkpoint_ ? Status{} : lose(item.at_ns, *loss);  // else the checkpoint says since when
  }
  return take_what(item);
}

Status Timeline::take_what(const Item& item) {
  return std::visit(Overloaded{[&](const Records& run) -> Status {
                                 wants_checkpoint_ = false;
                                 for (const gt_record& r : run.records) {
                                   if (auto done = record(r); !done) return done;
                                 }
                                 return {};
                               },
                               [&](const GroupChanged& change) -> Status {
                                 wants_checkpoint_ = false;
                                 return group(change.group, change.on, item.at_ns);
                               },
                               [&](const Snapshot& snapshot) { return look(snapshot); },
                               [&](const TargetEnded&) -> Status {
                                 end_ns_ = std::min(end_ns_, item.at_ns);
                                 return {};
                               },
                               [](const auto&) { return Status{}; }},
                    item.what);
}

// Where a file begins, or what is behind a gap in it, goes on from.
Status Timeline::take_this(const CheckpointTold& told) {
  if (told.target != target_ || !std::exchange(wants_checkpoint_, false)) return {};
  const OpenState& open = told.checkpoint.model;
  goroutines_.clear();
  exits_.clear();
  for (const OpenState::Exit& e : open.exits) exits_.push_back({e.goid, e.at_ns});
  system_starts_.insert(open.system_starts.begin(), open.system_starts.end());
  now_ns_ = std::max(now_ns_, open.at_ns);
  end_ns_ = std::min(end_ns_, told.checkpoint.end_ns);
  for (const OpenGoroutine& g : open.goroutines)
    goroutines_.try_emplace(g.goid, Goroutine{.last_ns = g.last_ns, .startpc = g.startpc, .gopc = g.gopc});
  for (unsigned i = 0; i < GT_GROUP_COUNT; ++i) {
    on_[i] = open.groups[i].on;
    was_on_[i] = was_on_[i] || on_[i];
  }
  from_ns_ = std::max(open.at_ns, open.lossy_until_ns);
  if (!all_on() || open.lossy_until_ns > open.at_ns) return {};
  if (auto begun = begin_if_due(open.at_ns); !begun) return begun;
  if (!in_stretch_) return {};
  for (const OpenGoroutine& g : open.goroutines) {
    if (g.state == GState::kUnknown || g.state == GState::kAwake) continue;
    goroutines_.at(g.goid).state = g.state;
    const bool waits = g.state == GState::kWaiting && g.wait;
    const StandingGoroutine standing{.goid = g.goid,
                                     .state = g.state,
                                     .startpc = g.startpc,
                                     .gopc = g.gopc,
                                     .stack = g.wait ? g.wait->row.stack : 0,
                                     .reason = waits ? reason(g.wait->row.reason) : std::string_view()};
    if (auto told_it = visitor_.stands(standing); !told_it) return told_it;
  }
  return open.pauses.collection && on_[GT_GROUP_GC] ? collection_stands() : Status{};
}

Status Timeline::gap() {
  if (auto ended = end_stretch(now_ns_); !ended) return ended;
  on_ = {};
  wants_checkpoint_ = true;
  return {};
}

Status Timeline::group(gt_group group, bool on, std::uint64_t at_ns) {
  if (group >= GT_GROUP_COUNT || on_[group] == on) return {};
  on_[group] = on;
  was_on_[group] = was_on_[group] || on;
  if (group == GT_GROUP_GC && !on) return cut_pauses(std::max(at_ns, now_ns_));
  // It goes on together with the groups of traces, the last of which has begun the stretch.
  if (group == GT_GROUP_GC && in_stretch_ && at_ns <= from_ns_) all_collections_seen_ = true;
  if (std::ranges::find(kTraceGroups, group) == kTraceGroups.end()) return {};
  if (!on) return end_stretch(std::max(at_ns, now_ns_));
  from_ns_ = std::max(from_ns_, at_ns);
  return begin_if_due(at_ns);
}

Status Timeline::lose(std::uint64_t from_ns, const Loss& loss) {
  const Status ended = end_stretch(std::max(from_ns, now_ns_));
  from_ns_ = std::max({from_ns_, from_ns, loss.to_ns});
  return ended;
}

Status Timeline::begin_if_due(std::uint64_t at_ns) {
  if (in_stretch_ || !begun_ || !all_on() || at_ns < from_ns_ || at_ns >= end_ns_) return {};
  forget_states();
  forget_pauses();
  in_stretch_ = had_stretch_ = true;
  return visitor_.begins(from_ns_);
}

Status Timeline::end_stretch(std::uint64_t at_ns) {
  if (!in_stretch_) return {};
  for (auto& [goid, g] : goroutines_) {
    if (auto settled = settle_exit(g, goid); !settled) return settled;
  }
  in_stretch_ = false;
  from_ns_ = std::max(from_ns_, at_ns);
  return visitor_.ends(at_ns, lost_);
}

void Timeline::forget_states() {
  for (auto& [goid, g] : goroutines_) {
    g.state = GState::kUnknown;
    g.exit_pending = false;
  }
}

Status Timeline::finish() {
  if (auto ended = end_stretch(std::min(now_ns_, end_ns_)); !ended) return ended;
  if (had_stretch_) return {};
  std::string wanted, missing;
  for (const gt_group g : kTraceGroups) {
    wanted += fmt::format("{}{}", wanted.empty() ? "" : ",", name_of(g));
    if (!was_on_[g]) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name_of(g));
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("an execution trace needs the probe groups {}, and {}; record them with gorotrace "
                          "record -p {} --probes {} --budget none -o FILE.gtr",
                          wanted,
                          missing.empty() ? "the recording has no moment in which all of them were on and "
                                            "nothing was lost"
                                          : fmt::format("the recording has no {}", missing),
                          pid_ != 0 ? std::to_string(pid_) : std::string("PID"), wanted));
}

Status Timeline::step(StepKind kind, const gt_record& r, std::string_view reason) {
  return visitor_.step({.kind = kind,
                        .at_ns = r.time_ns,
                        .goid = r.goid,
                        .tid = r.tid,
                        .other = names_actor(r) && by_goroutine(r) ? r.other : 0,
                        .stack = r.stack,
                        .startpc = 0,
                        .gopc = 0,
                        .reason = reason});
}

// Nothing was told of it in this stretch, in which all would have been seen: it has been so all the time.
Status Timeline::imply(Goroutine& g, std::uint64_t goid, GState state, std::uint32_t tid) {
  if (g.state != GState::kUnknown) return {};
  g.state = state;
  const bool on_thread = state == GState::kRunning || state == GState::kSyscall;
  return visitor_.stands(
      {.goid = goid, .state = state, .tid = on_thread ? tid : 0, .startpc = g.startpc, .gopc = g.gopc});
}

Status Timeline::settle_exit(Goroutine& g, std::uint64_t goid) {
  if (!std::exchange(g.exit_pending, false)) return {};
  return visitor_.step({.kind = StepKind::kSyscallEnd, .at_ns = g.exit_ns, .goid = goid, .tid = g.exit_tid});
}

// It did something to another one.
Status Timeline::runs_now(std::uint64_t goid, std::uint32_t tid) {
  Goroutine& g = goroutines_[goid];
  if (auto settled = settle_exit(g, goid); !settled) return settled;
  return imply(g, goid, GState::kRunning, tid);
}

void Timeline::ended(std::uint64_t goid, std::uint64_t at_ns) {
  goroutines_.erase(goid);
  exits_.push_back({goid, at_ns});
  while (exits_.size() > kMaxExits || exits_.front().at_ns + kExitsKeptNs < at_ns) exits_.pop_front();
}

Status Timeline::record(const gt_record& r) {
  if (r.hook == GT_HOOK_LIMIT) {
    for (int i = 0; i < GT_GROUP_COUNT; ++i) {
      if ((r.extra >> i & 1) == 0) continue;
      if (auto off = group(static_cast<gt_group>(i), false, r.time_ns); !off) return off;
    }
    return {};
  }
  if (r.hook >= GT_HOOK_STW_BEGIN && r.hook <= GT_HOOK_GC_END) return pause(r);
  if (r.hook >= GT_HOOK_PANIC && r.hook <= GT_HOOK_ENDED) return instant(r);
  if (r.goid == 0 || r.hook == GT_HOOK_NONE || r.hook >= GT_HOOK_SEM_ACQUIRE || r.time_ns >= end_ns_)
    return {};
  if (auto begun = begin_if_due(r.time_ns); !begun) return begun;
  if (!in_stretch_ || r.time_ns < from_ns_) return quiet(r);
  now_ns_ = std::max(now_ns_, r.time_ns);
  if (names_actor(r) && by_goroutine(r)) {
    if (auto told = runs_now(r.other, r.tid); !told) return told;
  }
  if (is_creation(r)) return created(r);
  const auto found = goroutines_.try_emplace(r.goid).first;
  Goroutine& g = found->second;
  // It came behind a later event of the same goroutine, whose state has moved on.
  if (r.time_ns < g.last_ns && !is_end(r)) return {};
  g.last_ns = std::max(g.last_ns, r.time_ns);
  return apply(g, r);
}

Status Timeline::quiet(const gt_record& r) {
  now_ns_ = std::max(now_ns_, r.time_ns);
  if (is_end(r)) {
    ended(r.goid, r.time_ns);
  } else if (is_creation(r)) {
    const bool of_thread = r.hook == GT_HOOK_EXTRA_IN;
    goroutines_.insert_or_assign(r.goid, Goroutine{.last_ns = r.time_ns,
                                                   .startpc = of_thread ? 0 : r.extra,
                                                   .gopc = of_thread ? 0 : r.object});
  }
  return {};
}

Status Timeline::created(const gt_record& r) {
  const bool of_thread = r.hook == GT_HOOK_EXTRA_IN, coroutine = r.hook == GT_HOOK_CREATE_CORO;
  if (const auto old = goroutines_.find(r.goid); old != goroutines_.end()) {
    if (!of_thread) {  // its first events overtook its creation
      old->second.startpc = r.extra;
      old->second.gopc = r.object;
      return {};
    }
    // The goid serves one C thread after another; it was not seen to go.
    if (auto settled = settle_exit(old->second, r.goid); !settled) return settled;
    if (old->second.state != GState::kUnknown) {
      if (auto gone = step(StepKind::kEndOnThread, r); !gone) return gone;
    }
    goroutines_.erase(old);
  }
  Goroutine& g = goroutines_[r.goid];
  g.last_ns = r.time_ns;
  g.state = of_thread ? GState::kSyscall : coroutine ? GState::kWaiting : GState::kRunnable;
  if (of_thread) return step(StepKind::kCreateOnThread, r);
  g.startpc = r.extra;
  g.gopc = r.object;
  return visitor_.step({.kind = coroutine ? StepKind::kCreateBlocked : StepKind::kCreate,
                        .at_ns = r.time_ns,
                        .goid = r.goid,
                        .tid = r.tid,
                        .other = by_goroutine(r) ? r.other : 0,
                        .stack = r.stack,
                        .startpc = r.extra,
                        .gopc = r.object,
                        .reason = coroutine ? kCoroutine : std::string_view()});
}

Status Timeline::apply(Goroutine& g, const gt_record& r) {
  // exitsyscall0 / exitsyscallNoP come behind exitsyscall, which was probed too, and then the scheduler runs
  // it: now it is known how the call ended.
  const bool slow = r.hook == GT_HOOK_SYSCALL_EXIT_SLOW;
  if ((slow || r.hook == GT_HOOK_EXECUTE) && std::exchange(g.exit_pending, false)) {
    g.state = GState::kRunnable;
    auto told = visitor_.step(
        {.kind = StepKind::kSyscallEndBlocked, .at_ns = g.exit_ns, .goid = r.goid, .tid = g.exit_tid});
    if (slow || !told) return told;
  }
  if (auto settled = settle_exit(g, r.goid); !settled) return settled;
  // What it must have been in, and what is told then.
  const auto goes = [&](GState from, StepKind kind, GState to, std::string_view reason = {}) -> Status {
    if (auto told = imply(g, r.goid, from, r.tid); !told) return told;
    g.state = to;
    return step(kind, r, reason);
  };
  switch (r.hook) {
    case GT_HOOK_EXIT:
    case GT_HOOK_EXTRA_OUT:
    case GT_HOOK_CORO_OUT: {
      if (r.hook == GT_HOOK_CORO_OUT && (r.flags & GT_REC_ENDS) == 0)
        return goes(GState::kRunning, StepKind::kBlock, GState::kWaiting, kCoroutine);
      const bool of_thread = r.hook == GT_HOOK_EXTRA_OUT;
      if (g.startpc == 0 && !of_thread) {
        g.startpc = r.extra;
        g.gopc = r.object;
      }
      auto told = goes(of_thread ? GState::kSyscall : GState::kRunning,
                       of_thread ? StepKind::kEndOnThread : StepKind::kEnd, GState::kUnknown);
      ended(r.goid, r.time_ns);
      return told;
    }
    case GT_HOOK_PARK:
      return goes(GState::kRunning, StepKind::kBlock, GState::kWaiting, reason(r.detail));
    case GT_HOOK_SUSPEND:
      return goes(GState::kRunning, StepKind::kBlock, GState::kWaiting, kPreempted);
    case GT_HOOK_READY:
    case GT_HOOK_INJECT:
      return goes(GState::kWaiting, StepKind::kUnblock, GState::kRunnable);
    case GT_HOOK_CORO_IN:
    case GT_HOOK_EXECUTE: {
      const GState from = r.hook == GT_HOOK_EXECUTE ? GState::kRunnable : GState::kWaiting;
      if (auto told = imply(g, r.goid, from, r.tid); !told) return told;
      // A coroutine that is switched to; or one that the scheduler woke and ran at once.
      if (g.state == GState::kWaiting) {
        gt_record woken = r;
        woken.stack = 0;
        if (auto told = step(StepKind::kUnblock, woken); !told) return told;
      }
      return goes(from, StepKind::kStart, GState::kRunning);
    }
    case GT_HOOK_YIELD:
      return goes(GState::kRunning, StepKind::kStop, GState::kRunnable);
    case GT_HOOK_SYSCALL_ENTER:
      return goes(GState::kRunning, StepKind::kSyscallBegin, GState::kSyscall);
    case GT_HOOK_SYSCALL_EXIT:
      if (auto told = imply(g, r.goid, GState::kSyscall, r.tid); !told) return told;
      if (g.state != GState::kSyscall) return {};
      g.state = GState::kRunning;
      g.exit_pending = true;
      g.exit_ns = r.time_ns;
      g.exit_tid = r.tid;
      return step(StepKind::kSyscallLeft, r);
    case GT_HOOK_SYSCALL_EXIT_SLOW:
      return goes(GState::kSyscall, StepKind::kSyscallEndBlocked, GState::kRunnable);
    default:
      return {};
  }
}

// Of those that no event has told of in this stretch it tells what they have done all the time: nothing.
Status Timeline::look(const Snapshot& snapshot) {
  if (auto begun = begin_if_due(snapshot.counts.end_ns); !begun) return begun;
  SeededSet<std::uint64_t> gone;
  for (const Exit& exit : exits_) {
    if (exit.at_ns >= snapshot.counts.begin_ns) gone.insert(exit.goid);
  }
  for (const GoroutineSnapshot& seen : snapshot.goroutines) {
    const GState state = state_in(seen);
    if (seen.goid == 0 || state == GState::kUnknown || gone.contains(seen.goid)) continue;
    const auto [found, fresh] = goroutines_.try_emplace(seen.goid);
    Goroutine& g = found->second;
    if (g.startpc == 0) {
      g.startpc = seen.startpc;
      g.gopc = seen.gopc;
    }
    const bool proven = in_stretch_ && seen.read_at_ns >= from_ns_ && seen.read_at_ns < end_ns_;
    if (!proven || g.state != GState::kUnknown || g.last_ns > seen.read_at_ns) continue;
    g.state = state;
    const bool waits = state == GState::kWaiting;
    const StandingGoroutine standing{.goid = seen.goid,
                                     .state = state,
                                     .startpc = g.startpc,
                                     .gopc = g.gopc,
                                     .stack = seen.stack_id,
                                     .reason = !waits ? std::string_view()
                                               : seen.status == GStatus::kPreempted
                                                   ? kPreempted
                                                   : reason(seen.wait_reason)};
    if (auto told = visitor_.stands(standing); !told) return told;
  }
  return {};
}

}  // namespace gorotrace
