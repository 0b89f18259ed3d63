// The Go processes of this machine, for `gorotrace ps` and for `-p NAME`.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace gorotrace {

struct ProcessRow {
  pid_t pid = 0;
  pid_t namespace_pid = 0;
  std::string user, comm, executable, container;  // container: id prefix (12 hex) or ""
};

// Every process whose executable is an ELF file that we may read; sorted by pid.
[[nodiscard]] std::vector<ProcessRow> list_processes();
// A PID, a container id prefix (>= 6 hex digits), or a process name that is unique. kUsage when ambiguous
// (lists them).
[[nodiscard]] Result<pid_t> resolve_target(const std::string& text);

}  // namespace gorotrace
