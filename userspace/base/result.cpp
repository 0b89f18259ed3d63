#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace gorotrace {

std::unexpected<Error> fail_errno(int err, std::string message) {
  ErrorKind kind = ErrorKind::kFailed;
  if (err == EPERM || err == EACCES) kind = ErrorKind::kPermission;
  if (err == ESRCH) kind = ErrorKind::kNoProcess;
  if (err == EMFILE || err == ENFILE) kind = ErrorKind::kResources;
  message += ": " + std::generic_category().message(err);
  if (err == EMFILE) message += " (raise the limit: ulimit -n)";
  return std::unexpected(Error{kind, std::move(message)});
}

std::unexpected<Error> wrap(const Error& error, const std::string& context) {
  return std::unexpected(Error{error.kind, context + ": " + error.message});
}

}  // namespace gorotrace
