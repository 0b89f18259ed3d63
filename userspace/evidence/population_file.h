// What a dump that was written to a file says of its goroutines. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "evidence/growth.h"

namespace gorotrace {

// What `dump --format json` wrote. kUsage, naming the source, for anything else, and for a dump cut by
// --limit.
[[nodiscard]] Result<Population> population_from_json(std::string_view text, const std::string& source);

}  // namespace gorotrace
