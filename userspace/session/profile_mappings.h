// Where a process has its code, as profiles say it.
#pragma once

#include <vector>

#include "base/result.h"
#include "evidence/mapping.h"
#include "session/target.h"

namespace gorotrace {

// Of all executable mappings; the build id only of the file whose Go runtime it is.
[[nodiscard]] Result<std::vector<ExecutableMapping>> profile_mappings(const Target& target);

}  // namespace gorotrace
