// How failures travel: by value, with the operation, the object and the errno, up to the one place that
// prints them (cli/). No exception crosses a folder of userspace/.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace gorotrace {

// Decides the exit code (cli/exit_codes.h): kUnsupported is 3, kUsage is 2, every other kind is 1.
enum class ErrorKind {
  kFailed,       // an operation failed that could have succeeded
  kUsage,        // the command line asks for something that has no meaning
  kUnsupported,  // the target (or its Go version, link mode, architecture) is not one we can trace
  kPermission,   // a capability or file permission is missing
  kNoProcess,    // no such process, or it is gone
  kKernel,       // the kernel lacks a feature we need
  kResources,    // our own file descriptors have run out: what else one might try fails alike
};

struct Error {
  ErrorKind kind = ErrorKind::kFailed;
  std::string message;  // complete sentence fragment for a person: what, on what, why, and the way out
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message)});
}

// "message: strerror(err)"; kind from the errno (EPERM/EACCES -> kPermission, ESRCH -> kNoProcess,
// EMFILE/ENFILE -> kResources, else kFailed).
[[nodiscard]] std::unexpected<Error> fail_errno(int err, std::string message);

// The same error with "context: " in front, for callers that know more about the object.
[[nodiscard]] std::unexpected<Error> wrap(const Error& error, const std::string& context);

}  // namespace gorotrace
