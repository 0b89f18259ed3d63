// What --version says: this program, what it was built from, and what it can trace; and what of it stands in
// the manual. Pure.
#pragma once

#include <string>

#include "manual/man_page.h"

namespace gorotrace {

[[nodiscard]] std::string version_text();
[[nodiscard]] ManualVersion manual_version();

}  // namespace gorotrace
