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

// "one process", "one file", "BEFORE and AFTER".
std::string taken(const std::vector<const CLI::Option*>& positionals) {
  if (positionals.size() == 1) {
    std::string one = positionals.front()->get_name(true);
    if (one == "PID") return "one process";
    std::ranges::transform(
        one, one.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return "one " + one;
  }
  std::string names;
  for (const CLI::Option* option : positionals)
    names += (names.empty() ? "" : " and ") + option->get_name(true);
  return names;
}

std::string unexpected(const CLI::App& program, const CLI::App* command) {
  const std::vector<std::string> left = program.remaining(true);
  if (left.empty()) return "";
  const std::string what = printable(left.front(), 64);
  if (command == nullptr)
    return fmt::format("there is no command or option \"{}\"; commands: {}", what, command_names(program));
  const std::string name = command->get_name();
  if (what.starts_with('-')) return fmt::format("{} has no option \"{}\"", name, what);
  const auto positionals = command->get_options([](const CLI::Option* o) { return o->get_positional(); });
  if (positionals.empty()) return fmt::format("{} takes no \"{}\"", name, what);
  return fmt::format("{} takes {}: \"{}\" is one too many", name, taken(positionals), what);
}

const CLI::App* command_named(const CLI::App& program, const std::string& name) {
  const auto found =
      program.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

// Options are those of the program and of the command that stands before them.
const CLI::Option* option_named(const CLI::App& program, const CLI::App* command, const std::string& name) {
  if (name.size() < 2 || !name.starts_with('-')) return nullptr;
  const CLI::Option* own = command != nullptr ? command->get_option_no_throw(name) : nullptr;
  return own != nullptr ? own : program.get_option_no_throw(name);
}

// The option whose values may stand bare behind the command, several of them: CLI11 takes one, for what
// stands behind the option itself is one value.
const CLI::Option* bare_values_of(const CLI::App& command) {
  const auto several = command.get_options([](const CLI::Option* o) {
    return o->get_positional() && o->nonpositional() && o->get_delimiter() != '\0';
  });
  return several.empty() ? nullptr : several.front();
}

}  // namespace

std::string command_names(const CLI::App& program) {
  std::string names;
  for (const CLI::App* command : program.get_subcommands({}))
    names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

Result<UnderstoodWords> understood_words(const CLI::App& program, const std::vector<std::string>& words,
                                         std::string_view starts_programs) {
  UnderstoodWords understood;
  std::vector<std::string>& out = understood.words;
  const CLI::App* command = nullptr;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {  // no option is behind it
      const auto here = words.begin() + static_cast<std::ptrdiff_t>(i);
      if (command != nullptr && command->get_name() == starts_programs) {
        understood.program.assign(here + 1, words.end());
        if (understood.program.empty()) return fail(ErrorKind::kUsage, "there is no program behind the --");
      } else {
        out.insert(out.end(), here, words.end());
      }
      break;
    }
    const CLI::Option* bare =
        command != nullptr && !word.starts_with('-') ? bare_values_of(*command) : nullptr;
    if (command == nullptr) command = command_named(program, word);
    if (bare != nullptr) out.push_back(bare->get_name());
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CLI::Option* option = option_named(program, command, name);
    if (option != nullptr && equals != std::string::npos) {
      const std::string value = word.substr(equals + 1);
      if (value.empty()) return fail(ErrorKind::kUsage, option->get_name() + ": its value is empty");
      const bool is_short = !name.starts_with("--");
      out.push_back(is_short ? name : word);
      if (is_short) out.push_back(value);
      continue;
    }
    out.push_back(word);
    const int takes = option != nullptr ? option->get_items_expected_min() : 0;
    for (int n = 0; n < takes && i + 1 < words.size(); ++n) {
      const std::string& value = words[++i];
      if (option_named(program, command, value) != nullptr)
        return fail(ErrorKind::kUsage, fmt::format("{} needs a value, and is followed by the option {}",
                                                   option->get_name(), value));
      // A value, whatever it begins with (--probes -run).
      if (takes == 1 && word.starts_with("--") && value.starts_with('-')) {
        out.back() += "=" + value;
      } else {
        out.push_back(value);
      }
    }
  }
  return understood;
}

void refuse_empty_values(CLI::App& program) {
  refuse_empty_in(program);
  for (CLI::App* command : program.get_subcommands({})) refuse_empty_in(*command);
}

std::string usage_error(const std::string& what) {
  return fmt::format("gorotrace: {}\nRun with --help for more information.\n", what);
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
  return usage_error(text.empty() ? std::string(error.what()) : text);
}

}  // namespace gorotrace
