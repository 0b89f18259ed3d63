// The subcommands. Each registers itself with the parser and, when chosen, runs and leaves the exit code.
#pragma once

#include <string_view>

#include "cli/terminal.h"

namespace CLI {
class App;
}

namespace gorotrace {

struct ProgramToStart;  // cli/spawned_program.h

// The command behind whose "--" a program stands.
inline constexpr std::string_view kStartsPrograms = "record";

// Options that stand before or behind any command.
struct CommonOptions {
  ColourWhen colour = ColourWhen::kAuto;
};

void add_stat_command(CLI::App& app, const CommonOptions& common, int& exit);
void add_dump_command(CLI::App& app, const CommonOptions& common, int& exit);
void add_check_command(CLI::App& app, const CommonOptions& common, int& exit);
void add_ps_command(CLI::App& app, const CommonOptions& common, int& exit);
void add_metrics_command(CLI::App& app, const CommonOptions& common, int& exit);
// program: known by the time at which the command is run.
void add_record_command(CLI::App& app, const ProgramToStart& program, int& exit);
void add_report_command(CLI::App& app, const CommonOptions& common, int& exit);
void add_export_command(CLI::App& app, int& exit);
void add_diff_command(CLI::App& app, const CommonOptions& common, int& exit);
void add_cat_command(CLI::App& app, int& exit);
void add_top_command(CLI::App& app, const CommonOptions& common, int& exit);
void add_monitor_command(CLI::App& app, int& exit);
void add_help_command(CLI::App& app, int& exit);

}  // namespace gorotrace
