// What the memory's view says about the goroutines the events know, and about those they do not.

#include "base/seeded_hash.h"
#include "model/memory_state.h"
#include "model/model_impl.h"

namespace gorotrace {
namespace {

bool alive(GStatus status) {
  return status != GStatus::kIdle && status != GStatus::kDead && status != GStatus::kDeadExtra;
}

// A stack that could not be validated says nothing against the wait that is open.
bool may_be_same(const BlockingKey& open, BlockingKey seen) {
  if (open.stack == 0 || seen.stack == 0) seen.stack = open.stack;
  return open == seen;
}

}  // namespace

void Model::Impl::apply(const Snapshot& snapshot) {
  const std::uint64_t begin = snapshot.counts.begin_ns;
  start_window(begin);
  now = std::max(now, snapshot.counts.end_ns);
  if (config.by_label) define(snapshot.label_values);
  if (++look == 0) look = 1;
  look_began_ns = begin;
  SeededSet<std::uint64_t> gone;
  for (auto exit = exits.rbegin(); exit != exits.rend(); ++exit) {
    if (exit->at_ns + kExitGraceNs >= begin) gone.insert(exit->goid);
  }
  bool all_known = true;
  std::vector<std::uint64_t> remembered;
  for (const GoroutineSnapshot& seen : snapshot.goroutines) {
    if (seen.goid == 0 || !alive(seen.status)) continue;
    const bool extra = seen.gopc == 0;  // a C thread's: SnapshotCounts::extra
    Goroutine* g = goroutines.find(seen.goid);
    if (g == nullptr) {
      // It exited after it was read; or exits of that time are not all remembered, and the next snapshot will
      // tell.
      if (gone.contains(seen.goid)) continue;
      if (seen.read_at_ns < exits_complete_from) {
        all_known = false;
        continue;
      }
      g = &adopt(seen.goid, seen.read_at_ns, extra);
    }
    settle(*g);
    if (extra) set_extra(*g);
    g->look = look;
    bind(*g, seen.gopc, seen.startpc, g->since_ns);
    if (!extra && g->site != kNone && g->born == Lineage::kNoNode) {
      remember(*g, seen);
      remembered.push_back(g->goid);
    }
    // Whom a collection found waiting was there then.
    if (!g->has(kCreatedSeen) && seen.waited_at_ns != 0)
      g->created_ns = std::min(g->created_ns, seen.waited_at_ns);
    if (seen.read_at_ns >= g->last_ns && seen.read_at_ns >= lossy_until) from_memory(*g, seen);
    if (config.by_label) note_label(*g, seen);
  }
  follow_parents(remembered);
  // Who is missing in a part of them may be in the rest.
  if (snapshot.counts.not_reached != 0) return;
  std::vector<std::uint64_t> vanished;
  goroutines.each([&](const Goroutine& g) {
    if (g.look != look && g.last_ns < begin && g.created_ns < begin) vanished.push_back(g.goid);
  });
  for (const std::uint64_t goid : vanished) {
    Goroutine& g = *goroutines.find(goid);
    settle(g);
    end(g, begin, !g.has(kExtra));
  }
  count_extra(snapshot.counts);
  snapshot_seen = snapshot_seen || all_known;
}

void Model::Impl::count_extra(const SnapshotCounts& counts) {
  if (counts.implausible != 0 || counts.extra < extra_made) return;
  if (snapshot_seen) {
    created += counts.extra - extra_made;
    created_system += counts.extra - extra_made;
  }
  extra_made = counts.extra;
}

void Model::Impl::from_memory(Goroutine& g, const GoroutineSnapshot& seen) {
  const bool block = block_on();
  GState state = state_of(seen.status);
  if (block && g.state != GState::kUnknown && !g.has(kFromMemory)) {
    // Events decide. They miss one thing: syscalls, while that group is off. (Status waiting of one that runs
    // is casGToWaiting in the GC and in stopTheWorld: no switch.)
    const bool unseen_syscall = may_run(g) && state == GState::kSyscall && !coverage.is_on(GT_GROUP_SYSCALL);
    if (!unseen_syscall) return;
  }
  // With the block group on and no event, it has been so since the group went on; a syscall leaves no trace,
  // nor does who runs and who waits for a CPU.
  const bool quiet = block && state != GState::kSyscall;
  if (quiet && is_awake(state) && !coverage.is_on(GT_GROUP_RUN)) state = GState::kAwake;
  const bool told_apart = state == GState::kRunning || state == GState::kRunnable;
  const std::uint64_t proven =
      quiet ? std::max({quiet_since(), told_apart ? quiet_since(GT_GROUP_RUN) : 0, g.last_ns})
            : seen.read_at_ns;
  const std::uint64_t from = std::max(g.since_ns, std::min(proven, seen.read_at_ns));
  if (state != GState::kWaiting && state != GState::kSyscall) {
    if (g.has(kWaitOpen)) close_wait(g, from, End::kUnseen);
    if (g.state != state) set_state(g, state, from);
    g.set(kFromMemory);
    return;
  }
  const bool in_syscall = state == GState::kSyscall;
  BlockingKey key{.stack = seen.stack_id, .in_syscall = in_syscall, .system = g.has(kSystem)};
  if (!in_syscall) key.reason = seen.status == GStatus::kPreempted ? reason_preempted : seen.wait_reason;
  // Of a wait that goes on it is known already, or note_label() tells.
  key.label = g.has(kWaitOpen) ? blocking[g.row].key.label : unknown_label();
  const bool goes_on = g.has(kWaitOpen) && g.state == state && may_be_same(blocking[g.row].key, key);
  if (goes_on) {
    if (blocking[g.row].key.stack == 0 && key.stack != 0) rebook_open_wait(g, key);
  } else {
    if (g.has(kWaitOpen)) close_wait(g, seen.read_at_ns, End::kUnseen);
    set_state(g, state, from);
    key.label = config.by_label && seen.label != kNoLabelAsked ? seen.label : unknown_label();
    open_wait(g, key, from);
    g.drop(kStartSeen);
  }
  g.set(kFromMemory);
  if (!g.has(kWaitOpen)) return;
  // The age that is proven: by collections that found it waiting, else by the absence of events, else nothing
  // before this look: it may have run since the last one. Nor does that prove what a look told that came
  // before the group went on.
  // A system call goes on unless the group of its own saw it end.
  const gt_group by = in_syscall ? GT_GROUP_SYSCALL : GT_GROUP_BLOCK;
  const bool of_before = !g.has(kStartSeen) && g.wait_from_ns < coverage.since(by);
  const bool seen_to_go_on = goes_on && (in_syscall ? coverage.is_on(by) : quiet);
  if (!seen_to_go_on || of_before) g.wait_from_ns = std::min(std::max(proven, g.last_ns), seen.read_at_ns);
  if (!in_syscall && seen.waited_at_ns != 0) g.wait_from_ns = std::min(g.wait_from_ns, seen.waited_at_ns);
}

void Model::Impl::apply(const SeenObjects& seen) {
  if (!block_on()) return;
  for (const SeenObject& object : seen.objects) {
    Goroutine* g = goroutines.find(object.goid);
    if (g == nullptr || object.read_at_ns < quiet_since()) continue;
    settle(*g);
    const bool same_wait = g->has(kWaitOpen) && g->has(kFromMemory) && g->state == GState::kWaiting &&
                           g->since_ns <= object.read_at_ns && g->last_ns <= object.read_at_ns;
    if (!same_wait || g->object != kNone) continue;
    wait_on(*g, object.kind, object.address);
    // Woken in vain it parks again without another call.
    if (object.kind == ObjectRow::Kind::kSemaphore) want_semaphore(*g, object.address);
  }
}

}  // namespace gorotrace
