#include <fmt/format.h>

#include <vector>

#include "manual/completions.h"

namespace gorotrace {
namespace {

constexpr char kZshBegin[] = R"zsh(#compdef {0}
# zsh completion for {0}. Made of the program's own options: {0} help --format zsh.
_{0}_words() {{
  local word
  for word; do
    if [[ $word == *[=:] ]]; then compadd -S '' -- $word; else compadd -- $word; fi
  done
}}
_{0}_list() {{
  compset -P '*,'
  compadd -qS , -- $@
}}
_{0}_processes() {{
  local -a pids
  pids=(${{(f)"$($program ps 2>/dev/null | awk 'NR > 1 {{print $1}}')"}})
  compset -P '*,'
  compadd -- $pids
}}
_{0}() {{
  local program=$words[1] state line curcontext=$curcontext
  local -A opt_args
  local -a known  # `commands` is what zsh finds in $PATH
)zsh";

// In single quotes, inside brackets or between colons.
std::string zsh_quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string zsh_action(const std::string& program, const OptionText& option) {
  const std::string words = zsh_quoted(fmt::format("{}", fmt::join(option.words, " ")));
  switch (option.kind) {
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kUser:
      return "_users";
    case ValueKind::kProcess:
      return fmt::format("_{}_processes", program);
    case ValueKind::kList:
      return fmt::format("{{_{}_list {}}}", program, words);
    case ValueKind::kWords:
      return fmt::format("{{_{}_words {}}}", program, words);
    case ValueKind::kOther:
      break;
  }
  return " ";
}

// For _arguments: '(-d --duration)'{-d+,--duration=}'[length of the window]:TIME: '.
std::string zsh_spec(const std::string& program, const OptionText& option) {
  std::string value;
  for (std::size_t i = 0; i < option.values; ++i)
    value += fmt::format(":{}:{}", zsh_quoted(option.value), zsh_action(program, option));
  if (option.names.empty())
    return fmt::format("'{}:{}:{}'", option.repeatable ? "*" : "", option.argument,
                       zsh_action(program, option));
  std::vector<std::string> names;
  for (const std::string& name : option.names)
    names.push_back(name + (option.values == 0 ? "" : name.starts_with("--") ? "=" : "+"));
  const std::string once = option.repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
  const std::string all = names.size() == 1 ? names.front() : fmt::format("'{{{}}}'", fmt::join(names, ","));
  return fmt::format("'{}{}[{}]{}'", once, all, zsh_quoted(brief(option.description)), value);
}

std::string zsh_specs(const std::string& program, const std::vector<OptionText>& options,
                      const std::string& indent) {
  std::string out;
  for (const OptionText& option : options) {
    if (!option.names.empty()) out += " \\\n" + indent + zsh_spec(program, option);
    if (!option.argument.empty()) {
      OptionText bare = option;
      bare.names.clear();
      out += " \\\n" + indent + zsh_spec(program, bare);
    }
  }
  return out;
}

}  // namespace

std::string zsh_completion(const ProgramText& text) {
  const std::string& name = text.program.name;
  std::string out = fmt::format(kZshBegin, name) + "  known=(\n";
  for (const CommandText& command : text.commands)
    out += fmt::format("    '{}:{}'\n", command.name, zsh_quoted(brief(command.summary)));
  out += "  )\n  _arguments -C" + zsh_specs(name, text.program.options, "    ") +
         " \\\n    '1: :->command' '*:: :->arguments'\n"
         "  case $state in\n    command) _describe command known ;;\n    arguments)\n"
         "      case $words[1] in\n";
  for (const CommandText& command : text.commands) {
    out += fmt::format("        {})\n", command.name);
    if (command.starts_program)
      out +=
          "          local -i at=${words[(i)--]}\n"
          "          if ((at < CURRENT)); then\n"
          "            shift $at words\n"
          "            ((CURRENT -= at))\n"
          "            _normal\n"
          "            return\n"
          "          fi\n";
    out += "          _arguments" + zsh_specs(name, all_options(text, command), "            ") + " ;;\n";
  }
  return out + fmt::format("      esac ;;\n  esac\n}}\n_{} \"$@\"\n", name);
}

}  // namespace gorotrace
