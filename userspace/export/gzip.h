// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gorotrace {

// One gzip member, as pprof files are.
[[nodiscard]] Result<std::string> gzip(std::string_view data);

}  // namespace gorotrace
