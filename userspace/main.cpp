#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>

#include "base/text.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help_format.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/spawned_program.h"
#include "cli/startup.h"
#include "cli/version.h"

int main(int argc, char** argv) {
  gorotrace::ProgramToStart program{{}, gorotrace::prepare_process()};
  gorotrace::end_with_a_word();
  gorotrace::log_to_stderr();  // stdout belongs to reports

  CLI::App app{"See every goroutine of a running Go process: no restart, no endpoint, nothing stopped."};
  app.name("gorotrace");
  app.formatter(gorotrace::help_format(
      gorotrace::screen(gorotrace::ColourWhen::kNever).name_width()));  // commands inherit it
  app.set_help_flag("-h,--help", "print this and exit");
  app.set_version_flag("--version", &gorotrace::version_text,
                       "print the version, what it was built from and what it can trace, and exit");
  app.require_subcommand(0, 1);
  app.failure_message([](const CLI::App* parser, const CLI::Error& error) {
    return gorotrace::for_stderr(gorotrace::usage_error(*parser, error));
  });
  gorotrace::CommonOptions common;
  app.add_option_function<std::string>(
         "--color",
         [&common](const std::string& when) {
           const auto known = gorotrace::value_named<gorotrace::ColourWhen>(when);
           if (!known)
             throw CLI::ValidationError("--color: \"" + gorotrace::printable(when, 64) +
                                        "\" is not known; give one of " +
                                        gorotrace::all_names<gorotrace::ColourWhen>(", "));
           common.colour = *known;
         },
         "colours and bold: auto (on a terminal, unless NO_COLOR is set or TERM=dumb), always or never")
      ->type_name("WHEN")
      ->option_text(gorotrace::all_names<gorotrace::ColourWhen>(" "))
      ->default_str(gorotrace::name_of(gorotrace::ColourWhen::kAuto));
  app.add_flag_callback(
      "-v,--verbose", [] { spdlog::set_level(spdlog::level::debug); }, "say on stderr what is done and why");

  int exit = gorotrace::kExitDone;
  gorotrace::add_stat_command(app, common, exit);
  gorotrace::add_dump_command(app, common, exit);
  gorotrace::add_check_command(app, common, exit);
  gorotrace::add_ps_command(app, common, exit);
  gorotrace::add_metrics_command(app, common, exit);
  gorotrace::add_record_command(app, program, exit);
  gorotrace::add_report_command(app, common, exit);
  gorotrace::add_export_command(app, exit);
  gorotrace::add_diff_command(app, common, exit);
  gorotrace::add_cat_command(app, exit);
  gorotrace::add_top_command(app, common, exit);
  gorotrace::add_monitor_command(app, exit);
  gorotrace::add_help_command(app, exit);
  for (CLI::App* command : app.get_subcommands({})) {
    command->fallthrough();  // stat -v is -v stat
    command->group("Commands");
  }
  gorotrace::refuse_empty_values(app);
  auto words =
      gorotrace::understood_words(app, {argv + std::min(argc, 1), argv + argc}, gorotrace::kStartsPrograms);
  if (!words) {
    gorotrace::say(gorotrace::usage_error(words.error().message));
    return gorotrace::kExitUsage;
  }
  program.words = std::move(words->program);
  std::ranges::reverse(words->words);  // as the parser takes them
  try {
    app.parse(std::move(words->words));
  } catch (const CLI::ParseError& e) {
    std::ostringstream asked_for;  // --help, --version
    if (app.exit(e, asked_for, std::cerr) != 0) return gorotrace::kExitUsage;
    return gorotrace::write_to_stdout(asked_for.str());
  }
  if (!app.get_subcommands().empty()) return exit;
  gorotrace::say(gorotrace::usage_error(app, CLI::RequiredError("a command")));
  return gorotrace::kExitUsage;
}
