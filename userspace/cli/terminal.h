// What stdout, or stderr, is to its reader: how wide, and whether it takes colours and more than ASCII.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/enum_names.h"

namespace gorotrace {

enum class ColourWhen { kAuto, kAlways, kNever };
template <>
inline constexpr auto kEnumNames<ColourWhen> = enum_names<ColourWhen>({
    {ColourWhen::kAuto, "auto"},
    {ColourWhen::kAlways, "always"},
    {ColourWhen::kNever, "never"},
});

struct Screen {
  bool terminal = false;
  bool colour = false;
  std::size_t width = 80;  // of prose and tables, also of what is no terminal
  // Of a line with a name in it: in a file or a pipe it is never broken.
  [[nodiscard]] std::size_t name_width() const;
};

// The environment, as getenv() gives it.
using Environment = std::function<const char*(const char*)>;

// COLUMNS decides the width before the terminal does. Colours: by `when`; of kAuto only a terminal has them,
// without NO_COLOR (https://no-color.org: set and not empty) and with another TERM than "dumb".
[[nodiscard]] Screen screen(ColourWhen when, std::optional<std::size_t> terminal_columns,
                            const Environment& environment);
// Of this process's stdout, or of another descriptor.
[[nodiscard]] Screen screen(ColourWhen when);
[[nodiscard]] Screen screen(ColourWhen when, int fd);

// LC_ALL, LC_CTYPE or LANG, the first that is set (locale(7)), names a locale without UTF-8. Where none is
// set (a container, a unit of systemd) nothing is said about the terminal, and they all take UTF-8.
[[nodiscard]] bool ascii_only(const Environment& environment);
// The text as this process's locale takes it.
[[nodiscard]] std::string for_locale(std::string text);

}  // namespace gorotrace
