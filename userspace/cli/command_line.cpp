#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/text.h"

namespace gorotrace {
namespace {

std::string refuse_empty(const std::string& value) {
  return value.empty() ? "its value is empty" : "";
}

void refuse_empty_in(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) option->check(refuse_empty);
}

// The option that has more values than it takes, and how often it was given; "" when there is none.
std::string given_too_often(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const auto given = option->results().size();
    const auto takes = static_cast<std::size_t>(std::max(option->get_items_expected_max(), 1));
    if (given <= takes) continue;
    const std::size_t times = (given + takes - 1) / takes;
    return fmt::format("{} is given {}", option->get_name(),
                       times == 2 ? std::string("twice") : fmt::format("{} times", times));
  }
  return "";
}

// The parser's "--duration: 1 required TEXT missing" in our words.
std::string without_a_value(const CLI::App& command, const CLI::Error& error) {
  const std::string text = error.what();
  const CLI::Option* option = command.get_option_no_throw(text.substr(0, text.find(':')));
  if (option == nullptr) return "";
  const int takes = option->get_items_expected_min();
  return takes > 1 ? fmt::format("{} needs {} values", option->get_name(), takes)
                   : fmt::format("{} needs a value", option->get_name());
}

std::string unexpected(const CLI::App& program, const CLI::App* command) {
  const std::vector<std::string> left = program.remaining(true);
  if (left.empty()) return "";
  const std::string what = printable(left.front(), 64);
  if (command == nullptr) return fmt::format("there is no command or option \"{}\"", what);
  const std::string name = command->get_name();
  if (what.starts_with('-')) return fmt::format("{} has no option \"{}\"", name, what);
  const auto positionals = command->get_options([](const CLI::Option* o) { return o->get_positional(); });
  if (positionals.empty()) return fmt::format("{} takes no \"{}\"", name, what);
  const bool of_process = positionals.front()->get_name(true, true).find("PID") != std::string::npos;
  return fmt::format("{} takes one {}: \"{}\" is one too many", name, of_process ? "process" : "command",
                     what);
}

}  // namespace

void refuse_empty_values(CLI::App& program) {
  refuse_empty_in(program);
  for (CLI::App* command : program.get_subcommands({})) refuse_empty_in(*command);
}

std::string usage_error(const CLI::App& program, const CLI::Error& error) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const CLI::App* command = chosen.empty() ? nullptr : chosen.front();
  std::string text;
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) text = unexpected(program, command);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    text = given_too_often(program);
    if (text.empty() && command != nullptr) text = given_too_often(*command);
    if (text.empty()) text = without_a_value(program, error);
    if (text.empty() && command != nullptr) text = without_a_value(*command, error);
  }
  return fmt::format("gorotrace: {}\nRun with --help for more information.\n",
                     text.empty() ? std::string(error.what()) : text);
}

}  // namespace gorotrace
