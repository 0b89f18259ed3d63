// What the shell gets. Documented in README.md; scripts rely on it.
#pragma once

#include <string>

#include "base/result.h"

namespace gorotrace {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnsupported = 3;

[[nodiscard]] constexpr int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return kExitUsage;
    case ErrorKind::kUnsupported:
      return kExitUnsupported;
    default:
      return kExitFailed;
  }
}

// What this kernel or these rights do not allow is probes: the error of a command that wanted them, with the
// way to do without.
[[nodiscard]] Error without_probes(Error error);

// "gorotrace: message" on stderr (cli/messages.h).
void tell(const std::string& message);

// The one place an error is printed. Returns the exit code.
int report_error(const Error& error);

}  // namespace gorotrace
