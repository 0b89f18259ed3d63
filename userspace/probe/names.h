// What the kernel side's hooks and groups are called, and how a trap is executed.
#pragma once

#include <cstdint>
#include <string>

#include "base/enum_names.h"
#include "bpf/shared/abi.h"

namespace gorotrace {

template <>
inline constexpr auto kEnumNames<gt_hook> = enum_names<gt_hook>({
    {GT_HOOK_NONE, "none"},
    {GT_HOOK_CREATE, "create"},
    {GT_HOOK_CREATE_CORO, "create-coro"},
    {GT_HOOK_EXIT, "exit"},
    {GT_HOOK_CORO_OUT, "coro-out"},
    {GT_HOOK_CORO_IN, "coro-in"},
    {GT_HOOK_EXTRA_IN, "extra-in"},
    {GT_HOOK_EXTRA_OUT, "extra-out"},
    {GT_HOOK_PARK, "park"},
    {GT_HOOK_READY, "ready"},
    {GT_HOOK_INJECT, "inject"},
    {GT_HOOK_SUSPEND, "suspend"},
    {GT_HOOK_EXECUTE, "execute"},
    {GT_HOOK_YIELD, "yield"},
    {GT_HOOK_SYSCALL_ENTER, "syscall-enter"},
    {GT_HOOK_SYSCALL_EXIT, "syscall-exit"},
    {GT_HOOK_SYSCALL_EXIT_SLOW, "syscall-exit-slow"},
    {GT_HOOK_SEM_ACQUIRE, "sem-acquire"},
    {GT_HOOK_SEM_RELEASE, "sem-release"},
    {GT_HOOK_CHAN_SEND, "chan-send"},
    {GT_HOOK_CHAN_RECV, "chan-recv"},
    {GT_HOOK_CHAN_CLOSE, "chan-close"},
    {GT_HOOK_LIMIT, "limit"},
    {GT_HOOK_CALIBRATE, "calibrate"},
    {GT_HOOK_PANIC, "panic"},
    {GT_HOOK_RECOVERED, "recovered"},
    {GT_HOOK_THROW, "throw"},
    {GT_HOOK_EXIT_CALL, "exit-call"},
    {GT_HOOK_SIGNAL, "signal"},
    {GT_HOOK_ENDED, "ended"},
    {GT_HOOK_STW_BEGIN, "stw-begin"},
    {GT_HOOK_STW_END, "stw-end"},
    {GT_HOOK_GC_BEGIN, "gc-begin"},
    {GT_HOOK_GC_END, "gc-end"},
});
static_assert(kEnumNames<gt_hook>.size() == GT_HOOK_COUNT);
// Of a record, which may be that of a capture file: GT_HOOK_NONE when there is no such hook.
[[nodiscard]] constexpr gt_hook hook_of(gt_u8 number) {
  return number < GT_HOOK_COUNT ? static_cast<gt_hook>(number) : GT_HOOK_NONE;
}

template <>
inline constexpr auto kEnumNames<gt_group> = enum_names<gt_group>({
    {GT_GROUP_LIFECYCLE, "lifecycle"},
    {GT_GROUP_BLOCK, "block"},
    {GT_GROUP_RUN, "run"},
    {GT_GROUP_SYSCALL, "syscall"},
    {GT_GROUP_SYNC, "sync"},
    {GT_GROUP_CHAN, "chan"},
    {GT_GROUP_PANIC, "panic"},
    {GT_GROUP_GC, "gc"},
});
static_assert(kEnumNames<gt_group>.size() == GT_GROUP_COUNT);

using GroupMask = std::uint32_t;  // bit gt_group
[[nodiscard]] constexpr GroupMask group_bit(gt_group g) {
  return 1u << g;
}
[[nodiscard]] std::string group_list(GroupMask mask);  // "block,run", "" for none

}  // namespace gorotrace
