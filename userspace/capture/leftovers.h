// Breakpoints in a target that belong to nobody.
//
// A tracer that is killed together with its whole cgroup or PID namespace, in the middle of setting
// breakpoints or removing them, leaves some (apart.h): each is a trap for the target, in which the kernel
// finds nothing to run. The kernel removes a site's breakpoint when the last probe of that site goes; so one
// is put there and taken away. What a living tracer has there stays.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "capture/capture.h"

namespace gorotrace {

// From all sites of the plan. Takes the kernel's time to attach and to detach.
[[nodiscard]] Status remove_leftovers(AttachMode mode, pid_t pid, const std::string& path, const Plan& plan);

}  // namespace gorotrace
