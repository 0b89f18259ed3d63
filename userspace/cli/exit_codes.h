// What the shell gets. Documented in README.md; scripts rely on it.
#pragma once

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

// The one place an error is printed: "gorotrace: message" on stderr. Returns the exit code.
int report_error(const Error& error);

}  // namespace gorotrace
