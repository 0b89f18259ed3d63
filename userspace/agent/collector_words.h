// Words of the runtime that client_golang's Go collector shows and runtime/metrics does not: the pauses as
// debug.ReadGCStats gives them, and the threads that ThreadCreateProfile counts. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metrics/passes.h"

namespace gorotrace {

struct GcPauses {
  std::uint64_t last_gc_unix_ns = 0;  // since 1970; 0: there was none
  std::uint64_t total_ns = 0;
  std::uint32_t collections = 0;
  std::vector<std::uint64_t> last;  // of the last 256, ascending
};
// nullopt: not to be had, or not as the runtime would have it (a collection was ending each time).
[[nodiscard]] std::optional<GcPauses> read_gc_pauses(const MetricsSource& source);

// Of runtime.allm (runtime/mprof.go threadCreateProfileInternal).
[[nodiscard]] std::optional<std::uint64_t> count_threads(const MetricsSource& source);

}  // namespace gorotrace
