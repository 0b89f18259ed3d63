// What keeps a process that is alive from running. Threads: any.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace gorotrace {

// "stopped by a signal", "held by a debugger or tracer (PID 77)", "frozen by its cgroup (/docker/4f...)";
// "" while nothing that /proc and the cgroup file systems tell of holds it.
[[nodiscard]] std::string what_holds(pid_t pid);

// Files that say whether a process of this /proc/PID/cgroup is frozen, where /proc/self/mountinfo has the
// file systems: cgroup.events of version 2, freezer.state of version 1 (cgroup-v2.rst "Core Interface Files",
// cgroup-v1/freezer-subsystem.rst). Both tell of an ancestor that is frozen, too.
struct FreezerFile {
  std::string path, cgroup;
};
[[nodiscard]] std::vector<FreezerFile> freezer_files(std::string_view mountinfo, std::string_view cgroups);
[[nodiscard]] bool says_frozen(std::string_view freezer_file_text);

}  // namespace gorotrace
