// What --version says: this program, what it was built from, and what it can trace. Pure.
#pragma once

#include <string>

namespace gorotrace {

[[nodiscard]] std::string version_text();

}  // namespace gorotrace
