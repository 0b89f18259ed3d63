#include <fmt/format.h>

#include "base/text.h"
#include "report/columns.h"
#include "top/rows.h"

namespace gorotrace {
namespace {

// The part of a path or of a module behind the last slash.
std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

TableCell count_cell(const std::optional<std::uint64_t>& count) {
  if (!count) return {"-"};
  return {short_count(*count), static_cast<double>(*count)};
}

TableCell growth_cell(const std::optional<std::int64_t>& growth) {
  if (!growth) return {"-"};
  const auto number = static_cast<double>(*growth);
  const std::string size = short_count(static_cast<std::uint64_t>(*growth < 0 ? -*growth : *growth));
  if (*growth == 0) return {"0", 0};
  return {(*growth < 0 ? "-" : "+") + size, number, *growth > 0 ? Ink::kWarning : Ink::kPlain};
}

TableCell cost_cell(const std::optional<double>& percent) {
  if (!percent) return {"-"};
  return {short_percent(*percent), *percent};
}

Ink ink_of(const std::string& state) {
  if (state == "watched") return Ink::kPlain;
  return state == "refused" || state == "held_up" ? Ink::kWarning : Ink::kFaint;
}

// WatchState's names (agent/agent_target.h) in words; one of a later agent as it is.
std::string state_text(const std::string& state) {
  if (state == "opted_out") return "opted out";
  return state == "held_up" ? "not read" : state;
}

// Where it runs, as a person names it.
std::string container_text(const TopProcess& process) {
  if (process.pod.empty()) return process.container;
  const std::string pod = process.name_space.empty() ? process.pod : process.name_space + "/" + process.pod;
  return process.container.empty() ? pod : pod + "/" + process.container;
}

}  // namespace

std::string process_name(const TopProcess& process) {
  std::string program = last_part(process.exe);
  if (!process.runtime_file.empty() && process.runtime_file != process.exe)
    program += ":" + last_part(process.runtime_file);  // as -p takes it
  if (process.module.empty() || last_part(process.module) == program) {
    return process.module.empty() ? program : process.module;
  }
  return program.empty() ? process.module : fmt::format("{}  {}", program, process.module);
}

Table process_table() {
  return Table({{"PID", 7},
                {"GOROUTINES", 11},
                {"GROWTH", 7},
                {"BLOCKED", 8},
                {"COST%", 6, false, 2},
                {"STATE", 9, true},
                {"GO", 9, true, 4},
                {"USER", 10, true, 3},
                {"CONTAINER", 12, true, 1},
                {"PROGRAM", 13, true}},
               1);
}

std::vector<TableRow> process_rows(const TopNode& node, const NodeHistory& history) {
  std::vector<TableRow> rows;
  for (const TopProcess& p : node.processes) {
    TableRow row;
    row.id = p.id;
    row.searched = fmt::format("{} {} {} {} {} {} {}", p.exe, p.runtime_file, p.module, p.cgroup, p.pod,
                               p.name_space, p.user);
    const std::string program =
        p.reason.empty() ? process_name(p) : fmt::format("{} ({})", process_name(p), p.reason);
    row.cells = {{fmt::format("{}", p.pid), static_cast<double>(p.pid)},
                 count_cell(p.goroutines),
                 growth_cell(history.growth(p)),
                 count_cell(p.blocked),
                 cost_cell(history.cost_percent(p, node.time_ns)),
                 {state_text(p.state), std::nullopt, ink_of(p.state)},
                 {p.go_version},
                 {p.user},
                 {container_text(p)},
                 {program, std::nullopt, p.reason.empty() ? Ink::kStrong : ink_of(p.state)}};
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace gorotrace
