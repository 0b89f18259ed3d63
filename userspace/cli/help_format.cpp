#include "cli/help_format.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>

#include "report/frames.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

constexpr std::size_t kNames = 30;  // columns of the names, CLI11's own choice

class HelpFormat : public CLI::Formatter {
 public:
  explicit HelpFormat(std::size_t width) : width_(width) { column_width(kNames); }

  // A process is named by a bare argument or by -p: neither of the two is required, one of them is.
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::string required = " " + get_label("REQUIRED");
    const std::size_t at = text.find(required);
    if (option->get_positional() && option->nonpositional() && at != std::string::npos)
      text.erase(at, required.size());
    return text;
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    return description(CLI::Formatter::make_option_desc(option));
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
    std::string out;
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
