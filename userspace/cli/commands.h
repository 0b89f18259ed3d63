// The subcommands. Each registers itself with the parser and, when chosen, runs and leaves the exit code.
#pragma once

namespace CLI {
class App;
}

namespace gorotrace {

void add_stat_command(CLI::App& app, int& exit);
void add_dump_command(CLI::App& app, int& exit);
void add_check_command(CLI::App& app, int& exit);
void add_ps_command(CLI::App& app, int& exit);
void add_metrics_command(CLI::App& app, int& exit);
void add_help_command(CLI::App& app, int& exit);

}  // namespace gorotrace
