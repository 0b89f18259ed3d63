#include "cli/exit_codes.h"

#include <fmt/core.h>

#include <cstdio>

namespace gorotrace {

Error without_probes(Error error) {
  if (error.kind == ErrorKind::kKernel || error.kind == ErrorKind::kPermission)
    error.message += "; stat --probes none, dump and metrics need no probes";
  return error;
}

int report_error(const Error& error) {
  fmt::print(stderr, "gorotrace: {}\n", error.message);
  return exit_code(error.kind);
}

}  // namespace gorotrace
