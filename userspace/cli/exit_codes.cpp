#include "cli/exit_codes.h"

#include <fmt/format.h>

#include "cli/messages.h"

namespace gorotrace {

Error without_probes(Error error) {
  if (error.kind == ErrorKind::kKernel || error.kind == ErrorKind::kPermission)
    error.message += "; stat --probes none, dump and metrics need no probes";
  return error;
}

void tell(const std::string& message) {
  say(fmt::format("gorotrace: {}\n", message));
}

int report_error(const Error& error) {
  tell(error.message);
  return exit_code(error.kind);
}

}  // namespace gorotrace
