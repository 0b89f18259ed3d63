// A Go runtime in a process of this node as the agent knows it: a plain value for whoever shows it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/enum_names.h"
#include "probe/names.h"
#include "process/discovery.h"

namespace gorotrace {

enum class WatchState : std::uint8_t {
  kWatched,   // its counters are read when somebody asks
  kStarting,  // found, being looked at
  kExcluded,  // by a rule
  kOptedOut,  // GOROTRACE=off in its environment
  kRefused,   // it cannot be read
  kHeldUp,    // it does not let go of whoever reads its memory
};
template <>
inline constexpr auto kEnumNames<WatchState> = enum_names<WatchState>({
    {WatchState::kWatched, "watched"},
    {WatchState::kStarting, "starting"},
    {WatchState::kExcluded, "excluded"},
    {WatchState::kOptedOut, "opted_out"},
    {WatchState::kRefused, "refused"},
    {WatchState::kHeldUp, "held_up"},
});

struct ContainerName {
  std::string id;                          // 64 hex digits, or the name of an LXC container; "": in none
  std::string pod_uid;                     // "": in none
  std::string pod, name_space, container;  // "": not known
  [[nodiscard]] std::string shown() const { return container.empty() ? id.substr(0, 12) : container; }
};

// All texts are printable. Times are CLOCK_MONOTONIC ns.
struct AgentTarget {
  // "PID-STARTTIME", in clock ticks since boot: of the process, across its execs. Of a library's runtime with
  // "-ADDRESS" behind it, in hexadecimal: where the library's code begins in the process, for good.
  std::string id;
  pid_t pid = 0;  // in our PID namespace
  std::uint64_t start_time_ticks = 0;
  std::string executable, module, module_version, go_version;  // "" when not known
  std::string library;  // the file with the runtime, as the process sees it; "": it is the executable's
  std::string user, cgroup;
  ContainerName container;
  WatchState state = WatchState::kStarting;
  std::string reason;          // why it is not watched; "" when it is
  std::uint64_t since_ns = 0;  // the agent has known it in this program
  GroupMask probes = 0;        // that a rule gives it
  // Of the last reading of its counters; absent before the first.
  std::optional<std::int64_t> goroutines;
  std::optional<std::uint64_t> created, exited, syscalls;
  std::uint64_t read_ns = 0;      // when that was; 0: never
  std::uint64_t readings = 0;     // how many there were
  std::uint64_t read_errors = 0;  // how many failed
  std::uint64_t cost_cpu_ns = 0;  // CPU time of the agent for it; the target itself pays none
  // Of the last look of its last turn of sampling: goroutines that waited or were in a system call.
  std::optional<std::uint64_t> blocked;
  std::uint64_t sampled_ns = 0;  // when that was; 0: never
  // Of its probes; charged_ns is what the target paid for them. Absent: it never had any.
  GroupMask probes_on = 0;
  std::optional<std::uint64_t> charged_ns, events_lost;

  // What opens it.
  [[nodiscard]] TargetName name() const { return {pid, library}; }
  // Whose runtime it is, as /targets says.
  [[nodiscard]] const std::string& runtime_file() const { return library.empty() ? executable : library; }
};

}  // namespace gorotrace
