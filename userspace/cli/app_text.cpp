#include "cli/app_text.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>

#include "cli/commands.h"

namespace gorotrace {
namespace {

constexpr std::string_view kExample = "Example: ", kExitCodes = "Exit codes: ";

ValueKind kind_named(const std::string& value) {
  if (value == "FILE" || value == "BEFORE AFTER") return ValueKind::kFile;
  if (value == "TARGET") return ValueKind::kProcess;
  if (value == "USER") return ValueKind::kUser;
  if (value == "GROUPS") return ValueKind::kList;
  return ValueKind::kOther;
}

void read_footer(const std::string& footer, CommandText& command) {
  const std::string under(kExample.size(), ' ');  // further examples; further in, one goes on
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kExample) || (line.starts_with(under) && line.size() > under.size())) {
      const bool goes_on = line[under.size()] == ' ' && !command.examples.empty();
      if (goes_on) {
        command.examples.back() += line.substr(line.find_first_not_of(' ') - 1);
      } else {
        command.examples.push_back(line.substr(under.size()));
      }
    } else if (line.starts_with(kExitCodes)) {
      command.exit_codes = line.substr(kExitCodes.size());
      if (command.exit_codes.ends_with('.')) command.exit_codes.pop_back();
    } else {
      command.notes.push_back(line);
    }
  }
}

}  // namespace

OptionText option_text(const CLI::Option& option) {
  OptionText text;
  for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
  if (option.get_positional()) text.argument = option.get_name(true);
  text.description = option.get_description();
  text.default_value = option.get_default_str();
  text.required = option.get_required();
  text.values = static_cast<std::size_t>(std::max(option.get_items_expected_min(), 0));
  text.repeatable = text.values != 0 && option.get_expected_max() == CLI::detail::expected_max_vector_size;
  // A flag has none, a bare argument is its own.
  if (text.values != 0) text.value = text.names.empty() ? text.argument : option.get_type_name();
  text.kind = kind_named(text.value);
  if (text.names.empty() && text.kind == ValueKind::kOther) text.kind = kind_named(option.get_type_name());
  std::istringstream words(option.get_option_text());
  for (std::string word; words >> word;) text.words.push_back(word);
  if (text.kind == ValueKind::kOther && !text.words.empty()) text.kind = ValueKind::kWords;
  return text;
}

CommandText command_text(const CLI::App& app) {
  CommandText command;
  command.name = app.get_name();
  command.summary = app.get_description();
  command.starts_program = command.name == kStartsPrograms;
  for (const CLI::Option* option : app.get_options()) command.options.push_back(option_text(*option));
  read_footer(app.get_footer(), command);
  return command;
}

ProgramText program_text(const CLI::App& app) {
  ProgramText text{.program = command_text(app), .commands = {}};
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    text.commands.push_back(command_text(*command));
    names.push_back(command->get_name());
  }
  // Which commands there are is known behind the last of them.
  for (CommandText& command : text.commands)
    for (OptionText& option : command.options)
      if (option.argument == "COMMAND") {
        option.words = names;
        option.kind = ValueKind::kWords;
      }
  return text;
}

}  // namespace gorotrace
