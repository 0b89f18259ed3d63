// Words every folder shares about a goroutine's state.
#pragma once

#include <cstdint>
#include <string_view>

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
inline constexpr std::uint32_t kGScanBit = 0x1000;

// isSystemGoroutine (runtime/traceback.go) for a start function: everything named runtime.* but these three.
// Finalizer and cleanup goroutines change class while they run user code; that is not seen here.
[[nodiscard]] constexpr bool is_system_goroutine(std::string_view start_function) {
  return start_function.starts_with("runtime.") && start_function != "runtime.main" &&
         start_function != "runtime.corostart" && start_function != "runtime.handleAsyncEvent";
}

}  // namespace gorotrace
