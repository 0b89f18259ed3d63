#include "cli/help_format.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>

#include "cli/app_text.h"
#include "report/frames.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

constexpr std::size_t kNames = 30;  // columns of the names, CLI11's own choice

// "-p,--pid PID", or "PID...".
std::string names_of(const OptionText& option, bool bare) {
  if (bare) return option.argument + (option.repeatable ? "..." : "");
  return fmt::format("{}{}{}", fmt::join(option.names, ","), option.value.empty() ? "" : " ", option.value);
}

// "Options of all commands: --color, --verbose (gorotrace help)."
std::string of_all_commands(const CLI::App& command) {
  const CLI::App& program = *command.get_parent();
  std::string names;
  for (const CLI::Option* option : program.get_options()) {
    if (command.get_option_no_throw(option->get_name()) != nullptr || option == program.get_version_ptr())
      continue;
    names += (names.empty() ? "" : ", ") + option->get_name();
  }
  return names.empty() ? ""
                       : fmt::format("Options of all commands: {} ({} help).", names, program.get_name());
}

class HelpFormat : public CLI::Formatter {
 public:
  explicit HelpFormat(std::size_t width) : width_(width) {
    column_width(kNames);
    label("Positionals", "Arguments");
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_parent() == nullptr) return "Usage: " + name + " [OPTIONS] COMMAND ...\n";
    std::string out;
    for (const std::string& line : usage_lines(app->get_parent()->get_name(), command_text(*app)))
      out += (out.empty() ? "Usage: " : "       ") + line + "\n";
    return out;
  }
  // What an option says is not said again of the bare argument that means the same.
  std::string make_option(const CLI::Option* option, bool bare) const override {
    const OptionText text = option_text(*option);
    const std::string says = bare && !text.names.empty()
                                 ? fmt::format("the same as {}", names_of(text, false))
                                 : description_with_default(text);
    std::stringstream out;
    CLI::detail::format_help(out, names_of(text, bare), description(says), kNames);
    return out.str();
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::stringstream out;
    CLI::detail::format_help(out, command->get_name(), description(command->get_description()), kNames);
    return out.str();
  }
  std::string make_description(const CLI::App* app) const override {
    std::istringstream lines(CLI::Formatter::make_description(app));
    std::string out;
    for (std::string line; std::getline(lines, line);) out += wrapped(line, width_, 0);
    return out;
  }
  std::string make_footer(const CLI::App* app) const override {
    std::istringstream lines(CLI::Formatter::make_footer(app));
    std::string out = app->get_parent() == nullptr ? "" : wrapped(of_all_commands(*app), width_, 0);
    for (std::string line; std::getline(lines, line);) {
      const bool to_be_typed = line.starts_with("Example: ") || line.starts_with(' ');
      out += to_be_typed ? line + "\n" : wrapped(line, width_, 0);
    }
    return out;
  }

 private:
  // Indented by format_help().
  [[nodiscard]] std::string description(const std::string& text) const {
    if (width_ == kNoWidth) return text;
    std::string lines = wrapped(text, std::max(width_, kNames + 20) - kNames, 0);
    lines.pop_back();
    return lines;
  }

  std::size_t width_;
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format(std::size_t width) {
  return std::make_shared<HelpFormat>(width);
}

}  // namespace gorotrace
