#include "manual/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>

#include "manual/prose.h"
#include "manual/roff.h"

namespace gorotrace {
namespace {

using roff::bold;
using roff::escaped;
using roff::italic;
using roff::paragraph;

std::string page_of(const ProgramText& text, const CommandText& command) {
  return text.program.name + "-" + command.name;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string sentence(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  if (!text.ends_with('.')) text += '.';
  return text;
}

std::string phrase(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// No word is broken: most of those that are long are typed.
std::string head(const std::string& program, const std::string& page, const std::string& summary,
                 const ManualVersion& version) {
  return fmt::format(
      ".\\\" Made of the program's own options: {} help --format man.\n"
      ".TH {} 1 {} \"{} {}\" \"User Commands\"\n.nh\n.ad l\n.SH NAME\n{}",
      program, escaped(upper(page)), version.date, program, version.version,
      paragraph(page + " - " + phrase(summary)));
}

// A word in capitals is something to be replaced, the others are typed.
std::string usage_word(std::string_view word) {
  const std::size_t begin = word.find_first_not_of("["), end = word.find_first_of(".]");
  const std::string_view name = word.substr(begin, end - begin);
  const bool replaced = std::ranges::none_of(name, [](unsigned char c) { return std::islower(c) != 0; }) &&
                        !name.starts_with('-');
  return escaped(word.substr(0, begin)) + (replaced ? italic(name) : bold(name)) +
         (end == std::string_view::npos ? "" : std::string(word.substr(end)));
}

std::string synopsis(const std::vector<std::string>& lines) {
  std::string out = ".SH SYNOPSIS\n.nf\n";
  for (const std::string& line : lines) {
    std::string text;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      text += (text.empty() ? "" : " ") + usage_word(std::string_view(line).substr(at, end - at));
      at = end + 1;
    }
    out += text + "\n";
  }
  return out + ".fi\n";
}

std::string item(const OptionText& option) {
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
  if (names.empty()) names = italic(option.argument) + (option.repeatable ? "..." : "");
  const std::string value = option.names.empty() || option.value.empty() ? "" : " " + italic(option.value);
  std::string text = description_with_default(option);
  if (!text.ends_with('.')) text += '.';
  return ".TP\n" + names + value + "\n" + paragraph(text);
}

std::string options(std::string_view section, const std::vector<OptionText>& of) {
  std::string out = fmt::format(".SH {}\n", section);
  for (const OptionText& option : of) out += item(option);
  return out;
}

std::string examples(const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string out = ".SH EXAMPLES\n.EX\n";
  for (const std::string& line : lines)
    for (const std::string& part : roff::typed_lines(line)) out += escaped(part) + "\n";
  return out + ".EE\n";
}

// "0 done, 1 failed, or so, 2 usage": a comma with a digit behind it begins the next.
std::string exit_status(const std::string& codes) {
  if (codes.empty()) return "";
  std::string out = ".SH EXIT STATUS\n";
  for (std::size_t at = 0; at < codes.size();) {
    std::size_t end = codes.find(", ", at);
    while (end != std::string::npos &&
           !(end + 2 < codes.size() && std::isdigit(static_cast<unsigned char>(codes[end + 2])) != 0))
      end = codes.find(", ", end + 1);
    end = std::min(end, codes.size());
    const std::string one = codes.substr(at, end - at);
    const std::size_t space = std::min(one.find(' '), one.size());
    out += ".TP\n" + bold(one.substr(0, space)) + "\n" + paragraph(one.substr(space));
    at = end + 2;
  }
  return out;
}

}  // namespace

std::string program_page(const ProgramText& text, const ManualVersion& version) {
  const CommandText& program = text.program;
  const PageProse prose = prose_of(program.name);
  std::string out = head(program.name, program.name, program.summary, version);
  out += synopsis({program.name + " [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]"});
  out += ".SH DESCRIPTION\n" + std::string(prose.description) + ".SH COMMANDS\n";
  for (const CommandText& command : text.commands)
    out += fmt::format(".TP\n.BR {} (1)\n{}", escaped(page_of(text, command)),
                       paragraph(sentence(command.summary)));
  out += options("OPTIONS OF ALL COMMANDS", program.options);
  return out + std::string(prose.sections);
}

std::string command_page(const ProgramText& text, const CommandText& command, const ManualVersion& version) {
  const std::string name = page_of(text, command);
  const PageProse prose = prose_of(name);
  std::string out = head(text.program.name, name, command.summary, version);
  out += synopsis(usage_lines(text.program.name, command));
  out += ".SH DESCRIPTION\n" + paragraph(sentence(command.summary));
  for (const std::string& note : command.notes) out += ".PP\n" + paragraph(note);
  if (!prose.description.empty()) out += ".PP\n" + std::string(prose.description);
  out += options("OPTIONS", all_options(text, command));
  out += prose.sections;
  out += examples(command.examples) + exit_status(command.exit_codes);
  return out + fmt::format(".SH SEE ALSO\n.BR {} (1)\n", escaped(text.program.name));
}

}  // namespace gorotrace
