#include "http/pprof_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "html/page_text.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMostSymbols = 10'000;

std::optional<std::int64_t> go_parse_int(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  const bool number =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return std::nullopt;
  const std::int64_t value = go_atoi(text);
  using Limits = std::numeric_limits<std::int64_t>;
  // Those are what a number out of range comes to; as a time they are none, either.
  return value == Limits::max() || value == Limits::min() ? std::nullopt : std::optional(value);
}

// strconv.ParseUint(text, 0, 64), its error ignored: 0 for what is no number, the largest for one too large.
std::uint64_t go_parse_uint(std::string_view text) {
  unsigned base = 10;
  bool prefixed = false;
  if (text.size() >= 2 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    const unsigned of_letter = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    prefixed = true;
    base = of_letter != 0 ? of_letter : 8;
    text.remove_prefix(of_letter != 0 ? 2 : 1);
  }
  if (text.empty()) return 0;
  std::uint64_t value = 0;
  bool digit_before = prefixed, any = false, overflow = false;
  for (const char c : text) {
    if (c == '_') {  // between digits, or behind the prefix
      if (!digit_before) return 0;
      digit_before = false;
      continue;
    }
    const char lower = static_cast<char>(c | 0x20);
    unsigned digit = base;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (lower >= 'a' && lower <= 'f') digit = static_cast<unsigned>(lower - 'a') + 10;
    if (digit >= base) return 0;
    overflow |= value > (std::numeric_limits<std::uint64_t>::max() - digit) / base;
    value = value * base + digit;
    digit_before = any = true;
  }
  if (!digit_before || !any) return 0;
  return overflow ? std::numeric_limits<std::uint64_t>::max() : value;
}

}  // namespace

Response pprof_error(unsigned status, std::string_view line) {
  Response out = plain(status, line);
  out.headers.emplace_back("X-Go-Pprof", "1");
  return out;
}

Response pprof_file(std::string_view file, std::string gzipped) {
  Response out = answer(200, "application/octet-stream", std::move(gzipped));
  out.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}\"", file));
  return out;
}

Result<ProfileWanted> profile_wanted(const RequestTarget& target, std::int64_t longest) {
  ProfileWanted out;
  const std::string* const debug = target.value("debug");
  if (debug != nullptr) out.debug = go_atoi(*debug);
  const std::string* const seconds = target.value("seconds");
  if (seconds == nullptr || seconds->empty()) return out;
  out.seconds = go_parse_int(*seconds);
  if (!out.seconds || *out.seconds <= 0)
    return fail(ErrorKind::kUsage, "invalid value for \"seconds\" - must be a positive integer");
  if (*out.seconds > longest)
    return fail(ErrorKind::kUsage, "profile duration exceeds server's WriteTimeout");
  if (out.debug != 0) return fail(ErrorKind::kUsage, "seconds and debug params are incompatible");
  return out;
}

std::vector<std::uint64_t> symbols_wanted(std::string_view text) {
  std::vector<std::uint64_t> out;
  while (!text.empty() && out.size() < kMostSymbols) {
    const std::string_view word = text.substr(0, text.find('+'));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (const std::uint64_t pc = go_parse_uint(word); pc != 0) out.push_back(pc);
  }
  return out;
}

std::string pprof_index(const std::vector<ProfileEntry>& profiles, std::string_view note) {
  std::string out = R"(<html>
<head>
<title>/debug/pprof/</title>
<style>
.profile-name{
	display:inline-block;
	width:6rem;
}
</style>
</head>
<body>
/debug/pprof/
<br>
<p>Set debug=1 as a query parameter to export in legacy text format</p>
<br>
Types of profiles available:
<table>
<thead><td>Count</td><td>Profile</td></thead>
)";
  for (const ProfileEntry& p : profiles) {
    out += fmt::format("<tr><td>{}</td><td><a href='{}?debug=1'>{}</a></td></tr>\n", p.count,
                       html_text(p.name), html_text(p.name));
  }
  out += R"(</table>
<a href="goroutine?debug=2">full goroutine stack dump</a>
<br>
<p>
Profile Descriptions:
<ul>
)";
  for (const ProfileEntry& p : profiles) {
    out += fmt::format("<li><div class=profile-name>{}: </div> {}</li>\n", html_text(p.name),
                       html_text(p.description));
  }
  out += fmt::format("</ul>\n</p>\n<p>{}</p>\n</body>\n</html>", html_text(note));
  return out;
}

}  // namespace gorotrace
