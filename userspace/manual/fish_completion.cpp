#include <fmt/format.h>

#include <vector>

#include "manual/completions.h"

namespace gorotrace {
namespace {

constexpr char kFishBegin[] =
    R"(# fish completion for {0}. Made of the program's own options: {0} help --format fish.
# The first word that is a command is the command; without an argument: there is none yet.
function __{0}_command
    for word in (commandline -opc)[2..]
        if contains -- $word {1}
            test "$word" = "$argv[1]"
            return
        end
    end
    test -z "$argv[1]"
end
function __{0}_processes
    set -l program (commandline -opc)[1]
    $program ps 2>/dev/null | awk 'NR > 1 {{print $1 "\t" $(NF - 1)}}'
end
# Each of these words behind what is there, up to the last comma.
function __{0}_list
    set -l before (string match -r '^.*,' -- (string replace -r '^--[a-z-]+=' '' -- (commandline -ct)))
    printf '%s\n' "$before"$argv
end
complete -c {0} -f
)";

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_values(const std::string& program, const OptionText& option) {
  if (option.values == 0) return "";
  const std::string words = fmt::format("{}", fmt::join(option.words, " "));
  switch (option.kind) {
    case ValueKind::kFile:
      return " -rF";
    case ValueKind::kUser:
      return " -xa '(__fish_complete_users)'";
    case ValueKind::kProcess:
      return fmt::format(" -xa '(__{}_processes)'", program);
    case ValueKind::kList:
      return fmt::format(" -xa '(__{}_list {})'", program, words);
    case ValueKind::kWords:
      return fmt::format(" -xa {}", fish_quoted(words));
    case ValueKind::kOther:
      break;
  }
  return " -x";
}

std::string fish_lines(const std::string& program, const std::string& command, const OptionText& option) {
  const std::string begin = fmt::format("complete -c {} -n '__{}_command{}'", program, program,
                                        command.empty() ? "" : " " + command);
  std::string out;
  if (!option.names.empty()) {
    std::string names;
    for (const std::string& name : option.names)
      names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    out +=
        begin + names + fish_values(program, option) + " -d " + fish_quoted(brief(option.description)) + "\n";
  }
  if (!option.argument.empty() && option.kind != ValueKind::kOther) {
    std::string bare = fish_values(program, option);
    if (bare == " -rF") bare = " -F";
    if (bare.starts_with(" -x")) bare = " -" + bare.substr(3);
    out += begin + bare + "\n";
  }
  return out;
}

}  // namespace

std::string fish_completion(const ProgramText& text) {
  const std::string& name = text.program.name;
  std::string commands;
  for (const CommandText& command : text.commands) commands += (commands.empty() ? "" : " ") + command.name;
  std::string out = fmt::format(kFishBegin, name, commands);
  for (const CommandText& command : text.commands)
    out += fmt::format("complete -c {} -n __{}_command -a {} -d {}\n", name, name, command.name,
                       fish_quoted(brief(command.summary)));
  for (const OptionText& option : text.program.options) out += fish_lines(name, "", option);
  for (const CommandText& command : text.commands)
    for (const OptionText& option : all_options(text, command)) out += fish_lines(name, command.name, option);
  return out;
}

}  // namespace gorotrace
