#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/number.h"
#include "report/ascii.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

std::string_view value(const Environment& environment, const char* name) {
  const char* text = environment(name);
  return text == nullptr ? "" : text;
}

std::optional<std::size_t> columns(std::string_view text) {
  const auto n = whole_number<std::size_t>(text);
  return n && *n > 0 && *n <= kNoWidth ? n : std::nullopt;
}

}  // namespace

std::size_t Screen::name_width() const {
  return terminal ? width : kNoWidth;
}

Screen screen(ColourWhen when, std::optional<std::size_t> terminal_columns, const Environment& environment) {
  Screen out;
  out.terminal = terminal_columns.has_value();
  if (terminal_columns && *terminal_columns > 0) out.width = *terminal_columns;
  if (const auto asked = columns(value(environment, "COLUMNS"))) out.width = *asked;
  out.colour = when == ColourWhen::kAlways ||
               (when == ColourWhen::kAuto && out.terminal && value(environment, "NO_COLOR").empty() &&
                value(environment, "TERM") != "dumb");
  return out;
}

Screen screen(ColourWhen when) {
  return screen(when, STDOUT_FILENO);
}

Screen screen(ColourWhen when, int fd) {
  std::optional<std::size_t> columns;
  if (isatty(fd) == 1) {
    winsize w{};
    columns = ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
  }
  return screen(when, columns, [](const char* name) -> const char* { return std::getenv(name); });
}

bool ascii_only(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = value(environment, name);
    if (locale.empty()) continue;
    for (const char* utf8 : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
      if (locale.find(utf8) != std::string_view::npos) return false;
    }
    return true;
  }
  return false;
}

std::string for_locale(std::string text) {
  static const bool ascii = ascii_only([](const char* name) -> const char* { return std::getenv(name); });
  return ascii ? ascii_text(text) : std::move(text);
}

}  // namespace gorotrace
