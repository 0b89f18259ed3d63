// dump --watch and dump --diff: which stacks and creation sites became more.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/result.h"
#include "evidence/dump_select.h"
#include "evidence/growth.h"
#include "session/target.h"

namespace gorotrace {

// Looks at the target's goroutines at the start, at the end, and nine times between; fewer when looks take so
// long that the window would not be kept, or when it ends or a signal comes meanwhile, which is no error once
// there are two looks.
[[nodiscard]] Result<Growth> watch_growth(Target& target, const DumpFilter& filter,
                                          std::chrono::nanoseconds window);

// Between two files that dump --format json has written.
[[nodiscard]] Result<Growth> growth_between(const std::string& before, const std::string& after);

}  // namespace gorotrace
