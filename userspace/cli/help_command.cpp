// gorotrace help [COMMAND]: the same as --help, for those who type it as a command; and the same options as a
// page of the manual or as completions of a shell.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "base/enum_names.h"
#include "base/text.h"
#include "cli/app_text.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "cli/version.h"
#include "manual/completions.h"
#include "manual/man_page.h"

namespace gorotrace {

enum class HelpForm { kText, kMan, kBash, kZsh, kFish };
template <>
inline constexpr auto kEnumNames<HelpForm> = enum_names<HelpForm>({
    {HelpForm::kText, "text"},
    {HelpForm::kMan, "man"},
    {HelpForm::kBash, "bash"},
    {HelpForm::kZsh, "zsh"},
    {HelpForm::kFish, "fish"},
});

namespace {

struct HelpArguments {  // as typed
  std::string command, format = name_of(HelpForm::kText);
};

std::string text_of(const CLI::App& app, const CLI::App* command) {
  // App::help() would answer for the command that was typed, this one.
  return command == nullptr ? app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal)
                            : command->help(app.get_name());
}

std::string page_of(const ProgramText& text, const CLI::App* command) {
  const ManualVersion version = manual_version();
  if (command == nullptr) return program_page(text, version);
  return command_page(text, *std::ranges::find(text.commands, command->get_name(), &CommandText::name),
                      version);
}

Result<std::string> help_of(const CLI::App& app, const HelpArguments& a) {
  const CLI::App* command = nullptr;
  if (!a.command.empty()) {
    const auto commands =
        app.get_subcommands([&](const CLI::App* known) { return known->get_name() == a.command; });
    if (commands.empty())
      return fail(ErrorKind::kUsage, fmt::format("there is no command \"{}\": choose from {}",
                                                 printable(a.command, 64), command_names(app)));
    command = commands.front();
  }
  const auto form = value_named<HelpForm>(a.format);
  if (!form)
    return fail(ErrorKind::kUsage, fmt::format("--format: \"{}\" is not known; give one of {}",
                                               printable(a.format, 64), all_names<HelpForm>(", ")));
  if (*form == HelpForm::kText) return text_of(app, command);
  const ProgramText text = program_text(app);
  if (*form == HelpForm::kMan) return page_of(text, command);
  if (command != nullptr)
    return fail(ErrorKind::kUsage,
                fmt::format("--format {} is of all commands: leave \"{}\" out", a.format, a.command));
  switch (*form) {
    case HelpForm::kBash:
      return bash_completion(text);
    case HelpForm::kZsh:
      return zsh_completion(text);
    default:
      return fish_completion(text);
  }
}

}  // namespace

void add_help_command(CLI::App& app, int& exit) {
  auto arguments = std::make_shared<HelpArguments>();
  CLI::App* help = app.add_subcommand("help", "what a command does, and its options");
  help->footer(
      "Example: gorotrace help stat\n"
      "         gorotrace help stat --format man | man -l -\n"
      "         source <(gorotrace help --format bash)\n"
      "Exit codes: 0 done, 1 failed, 2 usage.");
  help->add_option("COMMAND", arguments->command, "a command; without one all of them are listed");
  help->add_option(
          "--format", arguments->format,
          "text; man: a page of the manual; bash, zsh or fish: completions of all commands for that shell")
      ->type_name("FORMAT")
      ->option_text(all_names<HelpForm>(" "))
      ->capture_default_str();
  help->callback([&app, arguments, &exit] {
    const auto text = help_of(app, *arguments);
    exit = text ? write_to_stdout(*text) : report_error(text.error());
  });
}

}  // namespace gorotrace
