// -p of the commands that look at one Go runtime.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "session/target.h"

namespace gorotrace {

inline constexpr const char* kTargetHelp =
    "PID, container id prefix or unique process name; :FILE behind it chooses the Go runtime in the file of "
    "that name (4242:libshop.so), which may be a shared library; without, it is the executable's, or else "
    "the only one";

// The target that a person names. kUsage where that names several.
[[nodiscard]] Result<std::unique_ptr<Target>> open_target(const std::string& text);

// Says on stderr which other runtimes the process has, if nothing told which one was meant.
void tell_others(const Target& target);
// And on what it rests that a binary newer than the tables is read.
void tell_version(const Target& target);

}  // namespace gorotrace
