// A file's name in a line that a person reads, and pastes into a shell. Pure.
#pragma once

#include <string>
#include <string_view>

namespace gorotrace {

// printable(), and one word of a command: quoted where a shell would take it apart, and no option.
[[nodiscard]] std::string shell_word(std::string_view name);

}  // namespace gorotrace
