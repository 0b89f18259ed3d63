// --help as wide as the terminal: CLI11 writes each description on one line.
#pragma once

#include <cstddef>
#include <memory>

namespace CLI {
class FormatterBase;
}

namespace gorotrace {

// Descriptions go on below themselves; names, examples and what is no screen (kNoWidth) stay as they are.
[[nodiscard]] std::shared_ptr<CLI::FormatterBase> help_format(std::size_t width);

}  // namespace gorotrace
