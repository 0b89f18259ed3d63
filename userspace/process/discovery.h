// The Go processes of this machine, for `gorotrace ps` and for `-p NAME`.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace gorotrace {

struct ProcessRow {
  pid_t pid = 0;
  pid_t namespace_pid = 0;
  pid_t task = 0;                                 // Process::task()
  std::string user, comm, executable, container;  // container: id prefix (12 hex) or ""
};

struct ProcessList {
  std::vector<ProcessRow> rows;  // of every process whose executable is an ELF file that we may read; by pid
  std::vector<pid_t> forbidden;  // processes whose executable we may not read
};
[[nodiscard]] ProcessList list_processes();

// What a person calls a target: a process, and which file of it is meant where several have what is looked
// for.
struct TargetName {
  TargetName(pid_t process, std::string part = {})  // NOLINT: a PID names a target
      : pid(process), file(std::move(part)) {}
  pid_t pid;
  std::string file;  // its name or a part of it, with a '/' of its path; "": not said
  bool operator==(const TargetName&) const = default;
};
// All that a text names, by pid: a PID, a container id prefix (>= 6 hex digits) or a process name, each with
// ":FILE" behind it if a file is meant. Never none: what is not there is kNoProcess, a number that can be no
// PID kUsage.
[[nodiscard]] Result<std::vector<TargetName>> resolve_targets(const std::string& text);
// The only one that it names. kUsage when there are several: lists them, with the way out.
[[nodiscard]] Result<TargetName> resolve_target(const std::string& text,
                                                const std::string& way_out = "give one PID");

}  // namespace gorotrace
