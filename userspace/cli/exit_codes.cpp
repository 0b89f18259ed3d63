#include "cli/exit_codes.h"

#include <fmt/core.h>

#include <cstdio>

namespace gorotrace {

int report_error(const Error& error) {
  fmt::print(stderr, "gorotrace: {}\n", error.message);
  return exit_code(error.kind);
}

}  // namespace gorotrace
