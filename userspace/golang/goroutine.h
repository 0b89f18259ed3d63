// Words every folder shares about a goroutine's state.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/enum_names.h"

namespace gorotrace {

// runtime/runtime2.go: _Gidle ... ; the scan bit 0x1000 is masked before comparing.
enum class GStatus : std::uint32_t {
  kIdle = 0,
  kRunnable = 1,
  kRunning = 2,
  kSyscall = 3,
  kWaiting = 4,
  kDead = 6,
  kCopystack = 8,
  kPreempted = 9,
  kLeaked = 10,     // 1.26+
  kDeadExtra = 11,  // 1.26+
};
// runtime/traceback.go gStatusStrings.
template <>
inline constexpr auto kEnumNames<GStatus> = enum_names<GStatus>({
    {GStatus::kIdle, "idle"},
    {GStatus::kRunnable, "runnable"},
    {GStatus::kRunning, "running"},
    {GStatus::kSyscall, "syscall"},
    {GStatus::kWaiting, "waiting"},
    {GStatus::kDead, "dead"},
    {GStatus::kCopystack, "copystack"},
    {GStatus::kPreempted, "preempted"},
    {GStatus::kLeaked, "leaked"},
    {GStatus::kDeadExtra, "waiting for cgo callback"},
});
inline constexpr std::uint32_t kGScanBit = 0x1000;

// isSystemGoroutine (runtime/traceback.go) for a start function: everything named runtime.* but these three.
// Those that run finalizers and cleanups are system ones for runtime.NumGoroutine whatever they do (newproc1
// counts them when it makes them), but are shown as the program's own while they are in its functions:
// evidence/dump.h.
[[nodiscard]] constexpr bool is_system_goroutine(std::string_view start_function) {
  return start_function.starts_with("runtime.") && start_function != "runtime.main" &&
         start_function != "runtime.corostart" && start_function != "runtime.handleAsyncEvent";
}

[[nodiscard]] constexpr bool runs_finalizers(std::string_view start_function) {
  return start_function == "runtime.runFinalizers" || start_function == "runtime.runfinq";  // 1.25+, before
}
[[nodiscard]] constexpr bool runs_cleanups(std::string_view start_function) {
  return start_function == "runtime.runCleanups";  // 1.25+
}

// Called by nobody: a signal handler, or a debugger, makes it look as if the interrupted instruction had
// (runtime/signal_unix.go doSigPreempt, signal_*.go preparePanic, asm_*.s). 1.18-1.27.
inline constexpr std::string_view kAsyncPreempt = "runtime.asyncPreempt";
inline constexpr std::array<std::string_view, 3> kInjectedCalls{kAsyncPreempt, "runtime.sigpanic",
                                                                "runtime.debugCallV2"};

}  // namespace gorotrace
