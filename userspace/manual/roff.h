// Text as roff reads it (groff_man(7), man(7) of mandoc). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gorotrace::roff {

// Printed as it is, and typed as it is when somebody copies it: a hyphen stays one, a quote too, and no line
// of it is taken for a request.
[[nodiscard]] std::string escaped(std::string_view text);

// A paragraph in lines of a source: options in bold, a sentence begins on a line of its own.
[[nodiscard]] std::string paragraph(std::string_view text);

[[nodiscard]] std::string bold(std::string_view text);
[[nodiscard]] std::string italic(std::string_view text);

// What is typed, in lines that a terminal of 80 columns has room for: what goes on is behind a backslash, as
// a shell reads it, and no quoted word is broken.
[[nodiscard]] std::vector<std::string> typed_lines(const std::string& command);

}  // namespace gorotrace::roff
