// What is said to a person on stderr, all of it but what end_with_a_word() says (cli/startup.h): lines that a
// terminal breaks nowhere but at spaces. What is no terminal gets them as they are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gorotrace {

// Each line of the text in lines of that width, what goes on two columns further right. Pure.
[[nodiscard]] std::string message_lines(std::string_view text, std::size_t width);

// The text, whole lines, as stderr takes it: its width and the locale.
[[nodiscard]] std::string for_stderr(std::string_view text);

// Writes that. Lost where stderr cannot be written to (a terminal that has gone): there is nobody else to
// tell.
void say(std::string_view text);
// A line without an end is there (cli/progress.h), which what is said next takes the place of.
void line_is_shown(bool shown);
inline constexpr std::string_view kEraseLine = "\r\x1b[K";

// From here on what is logged (spdlog) goes the same way, warnings and worse.
void log_to_stderr();

}  // namespace gorotrace
