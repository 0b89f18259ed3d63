// What each event does to its goroutine. The functions behind the hooks: runtime/proc.go, Go 1.18-1.27.
#include "model/model_impl.h"

namespace gorotrace {

void Model::Impl::apply(const gt_record& r) {
  const std::uint64_t t = r.time_ns;
  if (t < now) ++late;
  now = std::max(now, t);
  if ((r.flags & GT_REC_NO_STACK) != 0) ++without_stack;
  switch (r.hook) {
    case GT_HOOK_PARK:
      ++parks;
      break;
    case GT_HOOK_READY:
    case GT_HOOK_INJECT:
      ++unparks;
      break;
    case GT_HOOK_SYSCALL_ENTER:
      ++syscalls;
      break;
    case GT_HOOK_SEM_ACQUIRE:
    case GT_HOOK_SEM_RELEASE:
    case GT_HOOK_CHAN_SEND:
    case GT_HOOK_CHAN_RECV:
    case GT_HOOK_CHAN_CLOSE:
      use_object(r);
      break;
    case GT_HOOK_NONE:
    case GT_HOOK_LIMIT:  // of groups, and no goroutine's: stream/models.cpp
    case GT_HOOK_CALIBRATE:
      return;
    case GT_HOOK_PANIC:
    case GT_HOOK_RECOVERED:
    case GT_HOOK_THROW:
    case GT_HOOK_EXIT_CALL:
    case GT_HOOK_SIGNAL:
    case GT_HOOK_ENDED:
      return panics.apply(r);
    case GT_HOOK_STW_BEGIN:
    case GT_HOOK_STW_END:
    case GT_HOOK_GC_BEGIN:
    case GT_HOOK_GC_END:
      return pauses.apply(r, lasting(GT_GROUP_GC, t));
    default:
      if (r.hook >= GT_HOOK_COUNT) {
        ++illegal;
        return;
      }
  }
  if (r.goid == 0) {
    // g0 has no state here; it operates on channels from timers (time.sendTime) and does nothing else with a
    // goid.
    if (r.hook < GT_HOOK_SEM_ACQUIRE) ++illegal;
    return;
  }
  if (r.hook == GT_HOOK_CREATE || r.hook == GT_HOOK_CREATE_CORO) return create(r, t);
  if (r.hook == GT_HOOK_EXTRA_IN) return extra_in(r, t);
  Goroutine* g = goroutines.find(r.goid);
  if (g == nullptr) g = &adopt(r.goid, t, r.hook == GT_HOOK_EXTRA_OUT);
  settle(*g);
  if (t < g->last_ns && r.hook != GT_HOOK_EXIT && r.hook != GT_HOOK_EXTRA_OUT) return superseded(*g, r);
  g->last_ns = std::max(t, g->last_ns);
  apply_to(*g, r, std::max(t, g->since_ns));
}

void Model::Impl::apply_to(Goroutine& g, const gt_record& r, std::uint64_t t) {
  switch (r.hook) {
    case GT_HOOK_EXIT:
      return exit(g, r, t);
    case GT_HOOK_EXTRA_OUT:
      return end(g, t, false);
    case GT_HOOK_CORO_OUT:
      if ((r.flags & GT_REC_ENDS) != 0) return exit(g, r, t);
      [[fallthrough]];
    case GT_HOOK_PARK:
    case GT_HOOK_SUSPEND:
      return park(g, r, t);
    case GT_HOOK_READY:
    case GT_HOOK_INJECT:
      return wake(g, r, t);
    case GT_HOOK_CORO_IN:
      expect(g, g.state == GState::kWaiting);
      if (g.has(kWaitOpen)) close_wait(g, t, g.state == GState::kWaiting ? End::kSeen : End::kUnseen);
      return set_state(g, if_lasting(GState::kRunning, t), t);
    case GT_HOOK_EXECUTE:
      return execute(g, t);
    case GT_HOOK_YIELD:
      expect(g, may_run(g));
      if (g.has(kWaitOpen)) close_wait(g, t, End::kUnseen);
      return set_state(g, if_lasting(GState::kRunnable, t), t);
    case GT_HOOK_SYSCALL_ENTER:
      expect(g, may_run(g));
      if (g.has(kWaitOpen)) close_wait(g, t, End::kUnseen);
      set_state(g, if_lasting(GState::kSyscall, t), t);
      if (g.state == GState::kSyscall) {
        open_wait(g,
                  {.stack = r.stack,
                   .reason = 0,
                   .in_syscall = true,
                   .system = g.has(kSystem),
                   .label = unknown_label()},
                  t);
      }
      return;
    case GT_HOOK_SYSCALL_EXIT:
      return syscall_exit(g, GState::kRunning, t);
    case GT_HOOK_SYSCALL_EXIT_SLOW:
      return syscall_exit(g, GState::kRunnable, t);
    default:  // SEM_*, CHAN_*: it runs
      if (r.hook == GT_HOOK_SEM_ACQUIRE && r.object != 0) want_semaphore(g, r.object);
      expect(g, may_run(g));
      if (g.has(kWaitOpen)) close_wait(g, t, End::kUnseen);
      if (!may_run(g)) set_state(g, if_lasting(GState::kRunning, t), t);
  }
}

// Came behind a later event of the same goroutine: its state has moved on, the counts still hold.
void Model::Impl::superseded(Goroutine& g, const gt_record& r) {
  if (r.hook != GT_HOOK_PARK || !lasting(GT_GROUP_BLOCK, r.time_ns)) return;
  const std::uint32_t row = blocking.row(
      {.stack = r.stack, .reason = r.detail, .system = g.has(kSystem), .label = unknown_label()});
  if (row == kNone) {
    ++overflow;
  } else {
    ++blocking[row].begun;
    ++blocking[row].ended_unknown;
    blocking[row].note_site(g.site);
  }
}

void Model::Impl::create(const gt_record& r, std::uint64_t t) {
  const bool coroutine = r.hook == GT_HOOK_CREATE_CORO;
  Goroutine* g = goroutines.find(r.goid);
  const bool is_new = g == nullptr;
  if (is_new) {
    g = &add(r.goid, if_lasting(coroutine ? GState::kWaiting : GState::kRunnable, t), t);
  } else {
    settle(*g);  // its first events overtook its creation
    if (g->has(kCreatedSeen)) ++illegal;
  }
  g->created_ns = std::min(g->created_ns, t);
  g->last_ns = std::max(g->last_ns, t);
  g->set(kCreatedSeen);
  bind(*g, r.object, r.extra, t);
  count_created(*g);
  born(*g, r);
  if (config.by_label && (r.flags & GT_REC_ACTOR_MASK) == GT_ACTOR_GOROUTINE) inherit_label(*g, r.other, t);
  // newcoro: born parked, with no stack of its own yet.
  if (is_new && g->state == GState::kWaiting) {
    open_wait(
        *g, {.stack = 0, .reason = reason_coroutine, .system = g->has(kSystem), .label = unknown_label()}, t);
  }
}

// The record brings the creation site: nobody may have seen this goroutine before.
void Model::Impl::exit(Goroutine& g, const gt_record& r, std::uint64_t t) {
  bind(g, r.object, r.extra, t);
  end(g, t, true);
}

// needm: the goid of an extra M serves one C thread after another, so this is neither a creation nor, at
// dropm, an exit of a goid; it comes in syscall state and leaves it at once through exitsyscall.
void Model::Impl::extra_in(const gt_record& r, std::uint64_t t) {
  if (Goroutine* old = goroutines.find(r.goid); old != nullptr) {
    settle(*old);
    expect(*old, false);
    end(*old, t, false);
  }
  Goroutine& g = add(r.goid, if_lasting(GState::kSyscall, t), t);
  g.last_ns = t;
  set_extra(g);
  g.set(kCreatedSeen);
  if (g.state == GState::kSyscall)
    open_wait(g, {.stack = r.stack, .in_syscall = true, .label = unknown_label()}, t);
}

void Model::Impl::park(Goroutine& g, const gt_record& r, std::uint64_t t) {
  expect(g, may_run(g));
  if (g.has(kWaitOpen)) close_wait(g, t, End::kUnseen);
  set_state(g, if_lasting(GState::kWaiting, t), t);
  std::uint8_t reason = r.detail;
  if (r.hook == GT_HOOK_SUSPEND) reason = reason_preempted;
  if (r.hook == GT_HOOK_CORO_OUT) reason = reason_coroutine;
  const bool semaphore =
      r.hook == GT_HOOK_PARK && reason < semaphore_reason.size() && semaphore_reason[reason];
  if (r.hook == GT_HOOK_PARK && !semaphore) forget_semaphore(g);
  const LabelId label =
      r.hook == GT_HOOK_PARK && config.by_label ? label_of_park(g, r.extra, r.time_ns) : unknown_label();
  if (g.state != GState::kWaiting) return;
  begin_wait(g, {.stack = r.stack, .reason = reason, .system = g.has(kSystem), .label = label}, t);
  if (r.hook == GT_HOOK_PARK && r.object != 0) {
    wait_on(g, ObjectRow::Kind::kChannel, r.object);
  } else if (semaphore && g.has(kSemaphore)) {
    wait_on(g, ObjectRow::Kind::kSemaphore, semaphores.at(g.goid));
  }
}

Waker Model::Impl::runtime_waker_of(std::uint8_t reason) const {
  return {reason < runtime_wakers.size() ? runtime_wakers[reason] : WakerKind::kRuntime, 0};
}

Model::Impl::Woken Model::Impl::woken_by(const gt_record& r, std::uint8_t reason) const {
  switch (r.flags & GT_REC_ACTOR_MASK) {
    case GT_ACTOR_GOROUTINE:
      return {Waker{WakerKind::kGoroutine, r.stack}, r.other};
    case GT_ACTOR_RUNTIME:
      return {runtime_waker_of(reason), 0};
    default:
      return {};
  }
}

void Model::Impl::wake(Goroutine& g, const gt_record& r, std::uint64_t t) {
  expect(g, g.state == GState::kWaiting);
  if (g.has(kWaitOpen)) {
    if (g.state == GState::kWaiting) {
      BlockingData& row = blocking[g.row];
      const Woken by = woken_by(r, row.key.reason);
      row.wakers.add(by.waker);
      if (g.object != kNone && objects[g.object].kind == ObjectRow::Kind::kChannel &&
          lasting(GT_GROUP_CHAN, t))
        objects[g.object].releasers.add(by.waker);
      close_wait(g, t, End::kSeen, by);
    } else {
      close_wait(g, t, End::kUnseen);
    }
  }
  set_state(g, if_lasting(GState::kRunnable, t), t);
  if (g.state == GState::kRunnable) g.set(kWoken);
}

void Model::Impl::execute(Goroutine& g, std::uint64_t t) {
  GState book_as = g.state;
  switch (g.state) {
    case GState::kWaiting:
      // A binary that hides wake-ups of the scheduler (probe/plan.cpp, R4): mostly the wake-up was this very
      // moment on this very M, and there is no time in a run queue to speak of.
      ++unparks;
      ++latency.inferred;
      if (g.has(kWaitOpen)) {
        const Waker waker = runtime_waker_of(blocking[g.row].key.reason);
        blocking[g.row].wakers.add(waker);
        close_wait(g, t, End::kSeen, {waker, 0});
      }
      break;
    case GState::kRunnable:
      if (!g.has(kWoken)) break;
      latency.histogram.add(t - g.since_ns);
      if (const std::uint64_t stopped_ns = pauses.stopped_between(g.since_ns, t); stopped_ns > 0) {
        latency.stopped_ns += stopped_ns;
        ++latency.held_up;
      }
      break;
    case GState::kRunning:
      // It left the M unseen: through a slow exitsyscall (no syscall group) or a yield (no run group). How
      // much of the time it ran is not known.
      expect(g, !lasting(GT_GROUP_SYSCALL, t) || !lasting(GT_GROUP_RUN, t));
      book_as = GState::kUnknown;
      break;
    case GState::kSyscall:
      expect(g, false);
      break;
    default:
      break;
  }
  if (g.has(kWaitOpen)) close_wait(g, t, End::kUnseen);
  set_state(g, if_lasting(GState::kRunning, t), t, book_as);
}

void Model::Impl::syscall_exit(Goroutine& g, GState next, std::uint64_t t) {
  // exitsyscall0 / exitsyscallNoP come behind exitsyscall, which was probed too.
  expect(g, g.state == GState::kSyscall || (next == GState::kRunnable && may_run(g)));
  if (g.has(kWaitOpen)) close_wait(g, t, g.state == GState::kSyscall ? End::kSeen : End::kUnseen);
  set_state(g, if_lasting(next, t), t);
}

void Model::Impl::use_object(const gt_record& r) {
  if (r.object == 0) return;  // a nil channel
  const bool semaphore = r.hook == GT_HOOK_SEM_ACQUIRE || r.hook == GT_HOOK_SEM_RELEASE;
  const std::uint32_t i =
      objects.row(semaphore ? ObjectRow::Kind::kSemaphore : ObjectRow::Kind::kChannel, r.object);
  if (i == kNone) {
    ++overflow;
    return;
  }
  ObjectData& object = objects[i];
  if ((r.flags & GT_REC_WOULD_BLOCK) != 0) ++object.would_block;
  switch (r.hook) {
    case GT_HOOK_SEM_ACQUIRE:
      ++object.acquires;
      break;
    case GT_HOOK_SEM_RELEASE:
      ++object.releases;
      object.releasers.add(Waker{WakerKind::kGoroutine, r.stack});
      break;
    case GT_HOOK_CHAN_SEND:
      ++object.sends;
      break;
    case GT_HOOK_CHAN_RECV:
      ++object.receives;
      break;
    default:
      ++object.closes;
  }
}

}  // namespace gorotrace
