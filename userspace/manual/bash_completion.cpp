#include <fmt/format.h>

#include <utility>
#include <vector>

#include "manual/completions.h"

namespace gorotrace {
namespace {

// What the words of each command are is filled in: case by command, then by option. compgen would expand and
// split a word list, so no word of ours may have a space, a quote or a $ in it: there is none.
constexpr char kBashBegin[] =
    R"(# bash completion for {0}. Made of the program's own options: {0} help --format bash.
_{0}() {{
  # readline has broken the words at = and : as well: those are put together again.
  local words=() i current previous command= word list=
  for ((i = 0; i <= COMP_CWORD; ++i)); do
    word=${{COMP_WORDS[i]}}
    if ((i > 1)) && [[ $word == [=:]* || ${{words[-1]}} == *[=:] ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  current=${{words[-1]}} previous=${{words[-2]}}
  # Of the current word readline replaces what is behind the last of them.
  local kept=${{current%"${{COMP_WORDS[COMP_CWORD]}}"}}
  if [[ ${{COMP_WORDS[COMP_CWORD]}} == [=:] ]]; then kept=$current; fi
  if [[ $current == --*=* ]]; then
    previous=${{current%%=*}} current=${{current#*=}} kept=${{kept#*=}}
  fi
  for word in "${{words[@]:1:${{#words[@]}}-2}}"; do
    case $word in
      {1})
        command=$word
        break ;;
    esac
  done
)";

constexpr char kBashEnd[] = R"(  if [[ -n $list ]]; then
    # Behind the last comma.
    local before=
    if [[ $current == *,* ]]; then before=${current%,*}, current=${current##*,}; fi
    COMPREPLY=($(compgen -P "$before" -W "$list" -- "$current"))
  fi
  for i in "${!COMPREPLY[@]}"; do
    word=${COMPREPLY[i]#"$kept"}
    COMPREPLY[i]=$word
    if [[ $word == *[=:] ]] && type compopt >/dev/null 2>&1; then compopt -o nospace 2>/dev/null; fi
  done
}
)";

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

std::string indented(const std::string& lines, std::size_t by) {
  std::string out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at) + 1;
    out += std::string(by, ' ') + lines.substr(at, end - at);
    at = end;
  }
  return out;
}

// How the value is completed, as the body of a case; it leaves by `return` where no words are to be had.
std::string value_of(const OptionText& option) {
  switch (option.kind) {
    case ValueKind::kFile:
      return "return ;;\n";  // readline's own (-o default)
    case ValueKind::kUser:
      return "COMPREPLY=($(compgen -u -- \"$current\"))\nreturn ;;\n";
    case ValueKind::kProcess:
      return "list=$(\"$1\" ps 2>/dev/null | awk 'NR > 1 {print $1}') ;;\n";
    case ValueKind::kList:
      return fmt::format("list=\"{}\" ;;\n", joined(option.words, " "));
    case ValueKind::kWords:
      return fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$current\")) ;;\n", joined(option.words, " "));
    case ValueKind::kOther:
      break;
  }
  return "compopt +o default 2>/dev/null\nreturn ;;\n";
}

// `case` of the word before: options that take a value.
std::string values_of(const std::vector<OptionText>& options) {
  std::string out;
  for (const OptionText& option : options) {
    if (!option.names.empty() && option.values != 0)
      out += fmt::format("{})\n{}", joined(option.names, " | "), indented(value_of(option), 2));
  }
  return out;
}

std::string names_of(const std::vector<OptionText>& options) {
  std::string out;
  for (const OptionText& option : options)
    for (const std::string& name : option.names) out += (out.empty() ? "" : " ") + name;
  return out;
}

// What no option asks for: an option, or a bare argument.
std::string bare_of(const std::vector<OptionText>& options) {
  std::string out =
      fmt::format("-*) COMPREPLY=($(compgen -W \"{}\" -- \"$current\")) ;;\n", names_of(options));
  for (const OptionText& option : options) {
    if (!option.argument.empty() && option.kind != ValueKind::kOther) {
      out += "*)\n" + indented(value_of(option), 2);
      break;
    }
  }
  return out;
}

std::string command_case(const std::vector<OptionText>& options) {
  return "case $previous in\n" + indented(values_of(options), 2) + "  *)\n    case $current in\n" +
         indented(bare_of(options), 6) + "    esac ;;\nesac ;;\n";
}

}  // namespace

std::string bash_completion(const ProgramText& text) {
  std::vector<std::string> commands;
  for (const CommandText& command : text.commands) commands.push_back(command.name);
  std::string out = fmt::format(kBashBegin, text.program.name, joined(commands, " | "));
  for (const CommandText& command : text.commands) {
    if (command.starts_program)
      out += fmt::format(
          "  if [[ $command == {} && \" ${{words[*]:1:${{#words[@]}}-2}} \" == *\" -- \"* ]]; then\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(compgen -c -f -- \"$current\")  # the user's program, and its "
          "arguments\n"
          "    return\n  fi\n",
          command.name);
  }
  out += "  case $command in\n";
  for (const CommandText& command : text.commands)
    out += fmt::format("    {})\n", command.name) + indented(command_case(all_options(text, command)), 6);
  std::vector<OptionText> without = text.program.options;
  OptionText command;
  command.argument = "COMMAND";
  command.words = commands;
  command.kind = ValueKind::kWords;
  without.push_back(std::move(command));
  out += "    *)\n" + indented(command_case(without), 6) + "  esac\n";
  return out + kBashEnd + fmt::format("complete -o default -F _{0} {0}\n", text.program.name);
}

}  // namespace gorotrace
