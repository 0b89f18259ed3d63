// gorotrace help [COMMAND]: the same as --help, for those who type it as a command.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"

namespace gorotrace {
namespace {

int run(const CLI::App& app, const std::string& name) {
  // App::help() would answer for the command that was typed, this one.
  if (name.empty())
    return write_to_stdout(app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
  const auto commands =
      app.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  if (commands.empty())
    return report_error({ErrorKind::kUsage, fmt::format("there is no command \"{}\"", printable(name, 64))});
  return write_to_stdout(commands.front()->help(app.get_name()));
}

}  // namespace

void add_help_command(CLI::App& app, int& exit) {
  auto name = std::make_shared<std::string>();
  CLI::App* help = app.add_subcommand("help", "what a command does, and its options");
  help->footer(
      "Example: gorotrace help stat\n"
      "Exit codes: 0 done, 1 failed, 2 usage.");
  help->add_option("COMMAND", *name, "a command; without one all of them are listed");
  help->callback([&app, name, &exit] { exit = run(app, *name); });
}

}  // namespace gorotrace
