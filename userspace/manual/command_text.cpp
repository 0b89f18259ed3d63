#include "manual/command_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace gorotrace {
namespace {

constexpr std::size_t kBriefBytes = 76;

// A command that starts programs does without an argument in that form alone.
std::string argument_usage(const CommandText& command, const OptionText& option) {
  std::string text = option.argument + (option.repeatable ? "..." : "");
  return option.required || command.starts_program ? text : "[" + text + "]";
}

}  // namespace

std::vector<OptionText> all_options(const ProgramText& text, const CommandText& command) {
  std::vector<OptionText> all = command.options;
  for (const OptionText& option : text.program.options)
    if (std::ranges::find(command.options, option.names, &OptionText::names) == command.options.end())
      all.push_back(option);
  return all;
}

std::string description_with_default(const OptionText& option) {
  if (option.required && option.argument.empty()) return option.description + " (required)";
  if (option.default_value.empty()) return option.description;
  return fmt::format("{} (default: {})", option.description, option.default_value);
}

std::vector<std::string> usage_lines(const std::string& program, const CommandText& command) {
  std::string line = program + (command.name.empty() ? "" : " " + command.name) + " [OPTIONS]";
  for (const OptionText& option : command.options) {
    if (option.required && option.argument.empty())
      line += fmt::format(" {} {}", option.names.front(), option.value);
  }
  std::string with_arguments = line;
  for (const OptionText& option : command.options)
    if (!option.argument.empty()) with_arguments += " " + argument_usage(command, option);
  std::vector<std::string> lines{std::move(with_arguments)};
  if (command.starts_program) lines.push_back(line + " -- PROGRAM [ARGUMENT...]");
  return lines;
}

std::string brief(const std::string& description) {
  std::size_t end = description.size();
  for (const char* stop : {"; ", " (", ": ", ". "}) {
    const std::size_t at = description.find(stop);
    if (at != std::string::npos && at > 0) end = std::min(end, at);
  }
  if (end > kBriefBytes) {
    const std::size_t space = description.rfind(' ', kBriefBytes);
    end = space == std::string::npos ? kBriefBytes : space;
  }
  std::string text = description.substr(0, end);
  while (!text.empty() && (text.back() == ',' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace gorotrace
