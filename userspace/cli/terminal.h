#pragma once

#include <cstddef>

namespace gorotrace {

// Columns of the terminal that stdout is; 80 when it is none.
[[nodiscard]] std::size_t terminal_width();

}  // namespace gorotrace
