#include "probe/hooks.h"

#include <algorithm>
#include <array>

namespace gorotrace {
namespace {

// runtime/proc.go, coro.go, sema.go, chan.go, cgocall.go, panic.go, signal_unix.go and mgc.go of Go 1.18
// to 1.27. CREATE is not here: plan.cpp finds the callers of newproc1. needm and dropm take the g that
// appears or goes to casgstatus as its first argument.
constexpr auto kEntry = Where::kEntry;
constexpr auto kCall = Where::kCall;
constexpr auto kWakeUp = Where::kWakeUp;
constexpr std::array kRules{
    HookRule{GT_HOOK_EXIT, "runtime.goexit0", kEntry, "", Value::kArgument0, false, false, false, false},
    HookRule{GT_HOOK_CORO_OUT, "runtime.coroswitch_m", kEntry, "", Value::kArgument0, false, false, false,
             true},
    HookRule{GT_HOOK_CORO_IN, "runtime.coroswitch_m", kCall, "runtime.gogo", Value::kStackArgument0, false,
             false, false, true},
    HookRule{GT_HOOK_EXTRA_IN, "runtime.needm", kCall, "runtime.casgstatus", Value::kArgument0, false, false,
             true, true},
    HookRule{GT_HOOK_EXTRA_OUT, "runtime.dropm", kCall, "runtime.casgstatus", Value::kArgument0, false, false,
             true, true},
    HookRule{GT_HOOK_PARK, "runtime.park_m", kEntry, "", Value::kArgument0, false, false, false, false},
    HookRule{GT_HOOK_READY, "runtime.ready", kEntry, "", Value::kArgument0, false, false, true, false},
    // The scheduler makes a goroutine runnable without `ready`, and runs it next on the same thread: from the
    // poller, the trace reader (up to 1.18 in schedule), a GC worker, or one whose unlock function said no.
    HookRule{GT_HOOK_READY, "runtime.findRunnable", kWakeUp, "runtime.casgstatus", Value::kArgument0, false,
             false, false, true},
    HookRule{GT_HOOK_READY, "runtime.findrunnable", kWakeUp, "runtime.casgstatus", Value::kArgument0, false,
             false, false, true},
    HookRule{GT_HOOK_READY, "runtime.schedule", kWakeUp, "runtime.casgstatus", Value::kArgument0, false,
             false, false, true},
    HookRule{GT_HOOK_READY, "runtime.(*gcControllerState).findRunnableGCWorker", kWakeUp,
             "runtime.casgstatus", Value::kArgument0, false, false, true, false},
    HookRule{GT_HOOK_READY, "runtime.park_m", kWakeUp, "runtime.casgstatus", Value::kArgument0, false, false,
             false, false},
    HookRule{GT_HOOK_INJECT, "runtime.injectglist", kCall, "runtime.casgstatus", Value::kArgument0, false,
             false, true, false},
    HookRule{GT_HOOK_SUSPEND, "runtime.preemptPark", kEntry, "", Value::kArgument0, false, false, true,
             false},
    HookRule{GT_HOOK_EXECUTE, "runtime.execute", kEntry, "", Value::kArgument0, false, false, false, false},
    HookRule{GT_HOOK_YIELD, "runtime.goschedImpl", kEntry, "", Value::kArgument0, false, false, true, false},
    HookRule{GT_HOOK_YIELD, "runtime.goyield_m", kEntry, "", Value::kArgument0, false, false, false, true},
    HookRule{GT_HOOK_SYSCALL_ENTER, "runtime.entersyscall", kEntry, "", Value::kCurrentG, false, true, false,
             false},
    HookRule{GT_HOOK_SYSCALL_ENTER, "runtime.entersyscallblock", kEntry, "", Value::kCurrentG, false, true,
             false, true},
    HookRule{GT_HOOK_SYSCALL_ENTER, "runtime.cgocallbackg", kCall, "runtime.reentersyscall", Value::kCurrentG,
             false, true, false, true},
    HookRule{GT_HOOK_SYSCALL_EXIT, "runtime.exitsyscall", kEntry, "", Value::kCurrentG, false, true, false,
             false},
    HookRule{GT_HOOK_SYSCALL_EXIT_SLOW, "runtime.exitsyscall0", kEntry, "", Value::kArgument0, false, false,
             false, true},
    HookRule{GT_HOOK_SYSCALL_EXIT_SLOW, "runtime.exitsyscallNoP", kEntry, "", Value::kArgument0, false, false,
             false, true},
    HookRule{GT_HOOK_SEM_ACQUIRE, "runtime.semacquire1", kEntry, "", Value::kArgument0, true, true, true,
             true},
    HookRule{GT_HOOK_SEM_RELEASE, "runtime.semrelease1", kEntry, "", Value::kArgument0, true, true, true,
             true},
    HookRule{GT_HOOK_CHAN_SEND, "runtime.chansend", kEntry, "", Value::kArgument0, true, true, true, true},
    HookRule{GT_HOOK_CHAN_RECV, "runtime.chanrecv", kEntry, "", Value::kArgument0, true, true, true, true},
    HookRule{GT_HOOK_CHAN_CLOSE, "runtime.closechan", kEntry, "", Value::kArgument0, true, true, true, true},
    HookRule{GT_HOOK_PANIC, "runtime.gopanic", kEntry, "", Value::kArguments, true, true, false, false},
    HookRule{GT_HOOK_RECOVERED, "runtime.recovery", kCall, "runtime.gogo", Value::kStackArgument0, false,
             false, false, false},
    HookRule{GT_HOOK_THROW, "runtime.throw", kEntry, "", Value::kArguments, true, false, true, false},
    HookRule{GT_HOOK_THROW, "runtime.fatal", kEntry, "", Value::kArguments, true, false, true, true},
    // Assembly: its argument is on the stack.
    HookRule{GT_HOOK_EXIT_CALL, "runtime.exit", kEntry, "", Value::kCurrentG, false, false, false, false},
    HookRule{GT_HOOK_SIGNAL, "runtime.dieFromSignal", kEntry, "", Value::kArgument0, true, false, true,
             false},
    // Before it prints anything; dieFromSignal is for those of which it dies without a traceback.
    HookRule{GT_HOOK_SIGNAL, "runtime.sighandler", kCall, "runtime.startpanic_m", Value::kCurrentG, false,
             false, false, false},
    HookRule{GT_HOOK_STW_BEGIN, "runtime.stopTheWorldWithSema", kEntry, "", Value::kReason, true, false, true,
             false},
    HookRule{GT_HOOK_STW_END, "runtime.startTheWorldWithSema", kEntry, "", Value::kCurrentG, false, false,
             true, false},
    HookRule{GT_HOOK_GC_BEGIN, "runtime.gcResetMarkState", kEntry, "", Value::kCurrentG, false, false, false,
             false},
    HookRule{GT_HOOK_GC_END, "runtime.gcMarkTermination", kEntry, "", Value::kCurrentG, false, true, true,
             false},
};

}  // namespace

// runtime/chan.go, sema.go and the functions of sema.go that sync, internal/sync and internal/poll link to.
bool is_thin_wrapper(std::string_view host) {
  static constexpr std::array<std::string_view, 14> kHosts{"runtime.chansend1",
                                                           "runtime.chanrecv1",
                                                           "runtime.chanrecv2",
                                                           "runtime.semacquire",
                                                           "runtime.semrelease",
                                                           "sync.runtime_Semacquire",
                                                           "sync.runtime_Semrelease",
                                                           "sync.runtime_SemacquireMutex",
                                                           "sync.runtime_SemacquireRWMutex",
                                                           "sync.runtime_SemacquireRWMutexR",
                                                           "sync.runtime_SemacquireWaitGroup",
                                                           "internal/sync.runtime_SemacquireMutex",
                                                           "internal/sync.runtime_Semrelease",
                                                           "internal/poll.runtime_Semacquire"};
  return std::find(kHosts.begin(), kHosts.end(), host) != kHosts.end();
}

std::span<const HookRule> hook_rules() {
  return kRules;
}

Wakes wakes(std::string_view function) {
  if (function == "runtime.schedule") return Wakes::kPerhaps;  // up to 1.18
  const bool once =
      function == "runtime.park_m" || function == "runtime.(*gcControllerState).findRunnableGCWorker";
  return once ? Wakes::kOnce : Wakes::kAlways;
}

// A coroutine switch is a park and an end of running of one goroutine, and an unpark and a start of another,
// of which park_m, ready and execute see nothing: whoever has `block` or `run` on needs it too.
GroupMask groups_of(gt_hook hook) {
  switch (hook) {
    case GT_HOOK_CREATE:
    case GT_HOOK_CREATE_CORO:
    case GT_HOOK_EXIT:
    case GT_HOOK_EXTRA_IN:
    case GT_HOOK_EXTRA_OUT:
      return group_bit(GT_GROUP_LIFECYCLE);
    case GT_HOOK_CORO_OUT:
    case GT_HOOK_CORO_IN:
      return group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);
    case GT_HOOK_PARK:
    case GT_HOOK_READY:
    case GT_HOOK_INJECT:
    case GT_HOOK_SUSPEND:
      return group_bit(GT_GROUP_BLOCK);
    case GT_HOOK_EXECUTE:
    case GT_HOOK_YIELD:
      return group_bit(GT_GROUP_RUN);
    case GT_HOOK_SYSCALL_ENTER:
    case GT_HOOK_SYSCALL_EXIT:
    case GT_HOOK_SYSCALL_EXIT_SLOW:
      return group_bit(GT_GROUP_SYSCALL);
    case GT_HOOK_SEM_ACQUIRE:
    case GT_HOOK_SEM_RELEASE:
      return group_bit(GT_GROUP_SYNC);
    case GT_HOOK_CHAN_SEND:
    case GT_HOOK_CHAN_RECV:
    case GT_HOOK_CHAN_CLOSE:
      return group_bit(GT_GROUP_CHAN);
    case GT_HOOK_PANIC:
    case GT_HOOK_RECOVERED:
    case GT_HOOK_THROW:
    case GT_HOOK_EXIT_CALL:
    case GT_HOOK_SIGNAL:
      return group_bit(GT_GROUP_PANIC);
    case GT_HOOK_STW_BEGIN:
    case GT_HOOK_STW_END:
    case GT_HOOK_GC_BEGIN:
    case GT_HOOK_GC_END:
      return group_bit(GT_GROUP_GC);
    case GT_HOOK_ENDED:  // whatever is on
    case GT_HOOK_NONE:
    case GT_HOOK_LIMIT:
    case GT_HOOK_CALIBRATE:
    case GT_HOOK_COUNT:
      break;
  }
  return 0;
}

// execute shows the wake-ups that a binary hides (plan.cpp, R4).
GroupMask possible_groups_of(gt_hook hook) {
  return groups_of(hook) | (hook == GT_HOOK_EXECUTE ? group_bit(GT_GROUP_BLOCK) : 0);
}

}  // namespace gorotrace
