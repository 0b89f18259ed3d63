#include "probe/plan.h"

namespace gorotrace {

const char* hook_name(gt_hook hook) {
  switch (hook) {
    case GT_HOOK_NONE:
      return "none";
    case GT_HOOK_CREATE:
      return "create";
    case GT_HOOK_CREATE_CORO:
      return "create-coro";
    case GT_HOOK_EXIT:
      return "exit";
    case GT_HOOK_CORO_OUT:
      return "coro-out";
    case GT_HOOK_CORO_IN:
      return "coro-in";
    case GT_HOOK_EXTRA_IN:
      return "extra-in";
    case GT_HOOK_EXTRA_OUT:
      return "extra-out";
    case GT_HOOK_PARK:
      return "park";
    case GT_HOOK_READY:
      return "ready";
    case GT_HOOK_INJECT:
      return "inject";
    case GT_HOOK_SUSPEND:
      return "suspend";
    case GT_HOOK_EXECUTE:
      return "execute";
    case GT_HOOK_YIELD:
      return "yield";
    case GT_HOOK_SYSCALL_ENTER:
      return "syscall-enter";
    case GT_HOOK_SYSCALL_EXIT:
      return "syscall-exit";
    case GT_HOOK_SYSCALL_EXIT_SLOW:
      return "syscall-exit-slow";
    case GT_HOOK_SEM_ACQUIRE:
      return "sem-acquire";
    case GT_HOOK_SEM_RELEASE:
      return "sem-release";
    case GT_HOOK_CHAN_SEND:
      return "chan-send";
    case GT_HOOK_CHAN_RECV:
      return "chan-recv";
    case GT_HOOK_CHAN_CLOSE:
      return "chan-close";
    case GT_HOOK_CALIBRATE:
      return "calibrate";
    case GT_HOOK_COUNT:
      break;
  }
  return "?";
}

const char* group_name(gt_group group) {
  switch (group) {
    case GT_GROUP_LIFECYCLE:
      return "lifecycle";
    case GT_GROUP_BLOCK:
      return "block";
    case GT_GROUP_RUN:
      return "run";
    case GT_GROUP_SYSCALL:
      return "syscall";
    case GT_GROUP_SYNC:
      return "sync";
    case GT_GROUP_CHAN:
      return "chan";
    case GT_GROUP_COUNT:
      break;
  }
  return "?";
}

std::string group_list(GroupMask mask) {
  std::string text;
  for (int i = 0; i < GT_GROUP_COUNT; ++i) {
    const auto group = static_cast<gt_group>(i);
    if ((mask & group_bit(group)) != 0) text += (text.empty() ? "" : ",") + std::string(group_name(group));
  }
  return text;
}

}  // namespace gorotrace
