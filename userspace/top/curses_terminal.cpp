#include "top/curses_terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cwchar>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "report/ascii.h"
#include "top/terminal_rescue.h"

// Its names are those of functions here, not macros that would change other headers.
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>
#undef lines
#undef columns

namespace gorotrace {
namespace {

constexpr short kTitlePair = 1, kWarningPair = 2, kErrorPair = 3;
constexpr int kEscapeMs = 50;  // how long the rest of a key's sequence may take
constexpr wint_t kControlH = 8, kTabulator = 9, kLineFeed = 10, kControlL = 12, kReturn = 13,
                 kEscapeCharacter = 27, kDelete = 127;

SCREEN* our_screen = nullptr;

attr_t attributes(Ink ink, bool colour) {
  const auto coloured = [colour](attr_t plain, short pair) {
    return colour ? plain | static_cast<attr_t>(COLOR_PAIR(pair)) : plain;
  };
  switch (ink) {
    case Ink::kPlain:
      return A_NORMAL;
    case Ink::kStrong:
      return A_BOLD;
    case Ink::kFaint:
      return A_DIM;
    case Ink::kHeading:
      return coloured(A_UNDERLINE, kTitlePair);
    case Ink::kSorted:
      return coloured(A_UNDERLINE | A_BOLD, kTitlePair);
    case Ink::kChosen:
      return A_REVERSE;
    case Ink::kWarning:
      return coloured(A_BOLD, kWarningPair);
    case Ink::kError:
      return coloured(A_BOLD, kErrorPair);
  }
  return A_NORMAL;
}

// What gives the screen back, as this terminal takes it.
std::string& reset_sequence() {
  static std::string text;
  return text;
}
int add_to_reset(int character) {
  reset_sequence() += static_cast<char>(character);
  return character;
}

KeyPress function_key(wint_t code) {
  using enum KeyPress::Kind;
  switch (code) {
    case KEY_UP:
      return {kUp};
    case KEY_DOWN:
      return {kDown};
    case KEY_LEFT:
      return {kLeft};
    case KEY_RIGHT:
      return {kRight};
    case KEY_PPAGE:
      return {kPageUp};
    case KEY_NPAGE:
      return {kPageDown};
    case KEY_HOME:
      return {kHome};
    case KEY_END:
      return {kEnd};
    case KEY_ENTER:
      return {kEnter};
    case KEY_BTAB:
      return {kBackTab};
    case KEY_BACKSPACE:
      return {kBackspace};
    default:
      return {kOther};
  }
}

KeyPress character_key(wint_t code) {
  using enum KeyPress::Kind;
  switch (code) {
    case kLineFeed:
    case kReturn:
      return {kEnter};
    case kEscapeCharacter:
      return {kEscape};
    case kTabulator:
      return {kTab};
    case kControlH:
    case kDelete:
      return {kBackspace};
    case kControlL:
      return {kRedraw};
    default:
      break;
  }
  std::mbstate_t state{};
  char bytes[16];
  static_assert(sizeof bytes >= 6);  // MB_CUR_MAX of any locale
  const std::size_t length = std::wcrtomb(bytes, static_cast<wchar_t>(code), &state);
  if (length == static_cast<std::size_t>(-1)) return {kOther};
  const std::string text(bytes, length);
  // Control characters, and what is no UTF-8 where the locale has another encoding.
  if (text.empty() || utf8_length(text) != text.size() || printable(text) != text) return {kOther};
  return {kText, text};
}

}  // namespace

Status CursesTerminal::usable() {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
    return fail(ErrorKind::kUsage,
                "top needs a terminal at stdin and stdout; gorotrace stat writes to anything, and gorotrace "
                "monitor serves other programs");
  const char* name = std::getenv("TERM");
  const std::string_view term = name == nullptr ? "" : name;
  if (term.empty() || term == "dumb")
    return fail(
        ErrorKind::kUsage,
        fmt::format("top needs a terminal that can move its cursor, and TERM is {}; gorotrace stat does "
                    "without",
                    term.empty() ? "not set" : "\"dumb\""));
  int known = 0;
  if (setupterm(nullptr, STDOUT_FILENO, &known) != OK)
    return fail(ErrorKind::kUsage,
                fmt::format("there is no description of the terminal \"{}\" (TERM){}", printable(term, 64),
                            known == -1 ? ": this machine has no terminfo (Debian: apt install ncurses-base)"
                                        : "; TERM=xterm fits most"));
  const bool moves = tigetstr("cup") != nullptr;
  (void)del_curterm(cur_term);  // newterm() makes its own
  if (moves) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("the terminal \"{}\" cannot move its cursor; gorotrace stat does without",
                          printable(term, 64)));
}

Result<std::unique_ptr<CursesTerminal>> CursesTerminal::open(const Options& options) {
  if (auto can = usable(); !can) return std::unexpected(can.error());
  std::unique_ptr<CursesTerminal> terminal(new CursesTerminal(options));
  if (tcgetattr(STDIN_FILENO, &terminal->before_) != 0) return fail_errno(errno, "the modes of the terminal");
  // Names of places are UTF-8, whatever the locale's other categories are. A machine without one that is
  // named has C.UTF-8.
  if (options.ascii) {
    std::setlocale(LC_CTYPE, "C");
  } else if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
  our_screen = newterm(nullptr, stdout, stdin);
  if (our_screen == nullptr) return fail(ErrorKind::kFailed, "ncurses cannot use this terminal");
  terminal->set_up();
  return terminal;
}

void CursesTerminal::set_up() {
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  set_escdelay(kEscapeMs);
  (void)curs_set(0);
  if (options_.colour && has_colors()) {
    start_color();
    use_default_colors();
    init_pair(kTitlePair, COLOR_CYAN, -1);
    init_pair(kWarningPair, COLOR_YELLOW, -1);
    init_pair(kErrorPair, COLOR_RED, -1);
  }
  rescue();
}

void CursesTerminal::rescue() {
  reset_sequence().clear();
  for (const char* name : {"sgr0", "rmkx", "cnorm", "rmcup"}) {
    const char* sequence = tigetstr(name);
    if (sequence != nullptr && sequence != reinterpret_cast<const char*>(-1))
      tputs(sequence, 1, add_to_reset);
  }
  rescue_terminal(before_, reset_sequence());
}

CursesTerminal::~CursesTerminal() {
  if (our_screen == nullptr) return;
  leave();
  delscreen(our_screen);
  our_screen = nullptr;
}

void CursesTerminal::leave() {
  (void)curs_set(1);
  endwin();
  // endwin() brings back what newterm() found, which is the same unless somebody changed it meanwhile.
  (void)tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  forget_terminal();
}

void CursesTerminal::enter() {
  (void)tcgetattr(STDIN_FILENO, &before_);
  rescue();
  refresh();
  recover();
}

void CursesTerminal::recover() {
  reset_prog_mode();
  (void)curs_set(0);
  measure();
  all_ = true;
}

std::optional<KeyPress> CursesTerminal::key() {
  wint_t code = 0;
  const int kind = wget_wch(stdscr, &code);
  if (kind == ERR) return std::nullopt;
  return kind == KEY_CODE_YES ? function_key(code) : character_key(code);
}

std::size_t CursesTerminal::lines() const {
  return static_cast<std::size_t>(std::max(getmaxy(stdscr), 0));
}

std::size_t CursesTerminal::columns() const {
  return static_cast<std::size_t>(std::max(getmaxx(stdscr), 0));
}

void CursesTerminal::measure() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return;
  if (is_term_resized(size.ws_row, size.ws_col)) resizeterm(size.ws_row, size.ws_col);
}

void CursesTerminal::paint(const Picture& picture) {
  const bool colour = options_.colour && has_colors();
  werase(stdscr);
  int y = 0;
  for (const PictureLine& line : picture.lines) {
    wmove(stdscr, y++, 0);
    for (const InkedText& part : line) {
      wattrset(stdscr, static_cast<int>(attributes(part.ink, colour)));
      waddstr(stdscr, (options_.ascii ? ascii_text(part.text) : part.text).c_str());
    }
  }
  wattrset(stdscr, A_NORMAL);
  (void)curs_set(picture.cursor ? 1 : 0);
  if (picture.cursor && y > 0) wmove(stdscr, y - 1, static_cast<int>(*picture.cursor));
  if (std::exchange(all_, false)) clearok(stdscr, TRUE);
  wrefresh(stdscr);
}

}  // namespace gorotrace
