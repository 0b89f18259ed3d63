// What client_golang's process collector says of a process, from /proc. Pure but for read_process_figures().
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/metric_family.h"
#include "agent/network_traffic.h"
#include "base/result.h"

namespace gorotrace {

struct ProcessFigures {
  double cpu_seconds = 0;  // user and system, as /proc/PID/stat rounds them
  double virtual_bytes = 0, resident_bytes = 0;
  double start_seconds = 0;                                 // since 1970
  std::optional<double> open_files;                         // absent: not allowed
  std::optional<double> most_files, most_virtual_bytes;     // absent: not allowed
  std::optional<double> received_bytes, transmitted_bytes;  // of its network namespace, IP alone
};

// Adds the figures of /proc/PID/stat. False: not one.
[[nodiscard]] bool parse_stat_figures(std::string_view stat, double boot_seconds, ProcessFigures& out);
// The soft limit on that line of /proc/PID/limits: "Max open files". "unlimited" is 2^64 - 1, as there.
[[nodiscard]] std::optional<double> parse_soft_limit(std::string_view limits, std::string_view name);

// Never waits for the process: it reads none of its memory. kNoProcess: it is gone.
[[nodiscard]] Result<ProcessFigures> read_process_figures(pid_t pid, NetworkTraffic& traffic);

// process_cpu_seconds_total and the others, in client_golang's names and words.
void add_process_families(std::vector<MetricFamily>& families, const ProcessFigures& figures);

}  // namespace gorotrace
