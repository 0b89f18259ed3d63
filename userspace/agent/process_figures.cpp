#include "agent/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "agent/proc_text.h"
#include "base/number.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

// Of the boot, since 1970: btime of /proc/stat, which client_golang takes, too.
double boot_seconds() {
  std::ifstream file("/proc/stat");
  std::string key;
  double value = 0;
  while (file >> key) {
    if (key == "btime" && file >> value) return value;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

// Since 6.2 the directory's size is how many entries it has (fs/proc/fd.c proc_fd_getattr); before, 0.
std::optional<double> count_open_files(pid_t pid) {
  struct stat directory{};
  if (::stat(procfs::path(pid, "fd").c_str(), &directory) == 0 && directory.st_size > 0)
    return static_cast<double>(directory.st_size);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(procfs::path(pid, "fd").c_str()), &::closedir);
  if (!dir) return std::nullopt;
  double count = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

// The kernel is asked where it may be (another user's limits need CAP_SYS_RESOURCE): text of sixteen limits
// takes seven times as long.
void read_limits(pid_t pid, ProcessFigures& out) {
  rlimit files{}, virtual_bytes{};
  if (::prlimit(pid, RLIMIT_NOFILE, nullptr, &files) == 0 &&
      ::prlimit(pid, RLIMIT_AS, nullptr, &virtual_bytes) == 0) {
    out.most_files = static_cast<double>(files.rlim_cur);  // RLIM_INFINITY is 2^64 - 1
    out.most_virtual_bytes = static_cast<double>(virtual_bytes.rlim_cur);
  } else if (const auto limits = procfs::read_file(pid, "limits", kProcTextBytes)) {
    out.most_files = parse_soft_limit(*limits, "Max open files");
    out.most_virtual_bytes = parse_soft_limit(*limits, "Max address space");
  }
}

}  // namespace

bool parse_stat_figures(std::string_view stat, double boot_seconds, ProcessFigures& out) {
  const std::size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return false;
  std::string_view rest = stat.substr(close + 1);
  double user = 0, system = 0, start = 0, virtual_bytes = 0, pages = 0;
  for (int field = 3; field <= 24; ++field) {  // proc_pid_stat(5)
    const std::string_view word = next_word(rest);
    double* const to = field == 14   ? &user
                       : field == 15 ? &system
                       : field == 22 ? &start
                       : field == 23 ? &virtual_bytes
                       : field == 24 ? &pages
                                     : nullptr;
    if (to == nullptr) continue;
    const auto value = whole_number<std::uint64_t>(word);
    if (!value) return false;
    *to = static_cast<double>(*value);
  }
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  out.cpu_seconds = (user + system) / ticks;
  out.start_seconds = boot_seconds + start / ticks;
  out.virtual_bytes = virtual_bytes;
  out.resident_bytes = pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return true;
}

std::optional<double> parse_soft_limit(std::string_view limits, std::string_view name) {
  auto line = line_behind(limits, name);
  if (!line) return std::nullopt;
  const std::string_view word = next_word(*line);
  if (word == "unlimited") return static_cast<double>(std::numeric_limits<std::uint64_t>::max());
  const auto value = whole_number<std::uint64_t>(word);
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

Result<ProcessFigures> read_process_figures(pid_t pid, NetworkTraffic& traffic) {
  static const double kBootSeconds = boot_seconds();
  const auto stat = procfs::read_file(pid, "stat", kProcTextBytes);
  if (!stat) return std::unexpected(stat.error());
  ProcessFigures out;
  if (!parse_stat_figures(*stat, kBootSeconds, out)) return procfs::no_process(pid);
  out.open_files = count_open_files(pid);
  read_limits(pid, out);
  const IpBytes bytes = traffic.of(pid);
  out.received_bytes = bytes.received;
  out.transmitted_bytes = bytes.transmitted;
  return out;
}

void add_process_families(std::vector<MetricFamily>& families, const ProcessFigures& figures) {
  const auto add = [&](const char* name, MetricType type, const char* help, std::optional<double> value) {
    if (value) families.push_back(MetricFamily{name, help, type, {}}.add(*value));
  };
  using enum MetricType;
  add("process_cpu_seconds_total", kCounter, "Total user and system CPU time spent in seconds.",
      figures.cpu_seconds);
  add("process_max_fds", kGauge, "Maximum number of open file descriptors.", figures.most_files);
  add("process_network_receive_bytes_total", kCounter,
      "Number of bytes received by the process over the network.", figures.received_bytes);
  add("process_network_transmit_bytes_total", kCounter,
      "Number of bytes sent by the process over the network.", figures.transmitted_bytes);
  add("process_open_fds", kGauge, "Number of open file descriptors.", figures.open_files);
  add("process_resident_memory_bytes", kGauge, "Resident memory size in bytes.", figures.resident_bytes);
  add("process_start_time_seconds", kGauge, "Start time of the process since unix epoch in seconds.",
      figures.start_seconds);
  add("process_virtual_memory_bytes", kGauge, "Virtual memory size in bytes.", figures.virtual_bytes);
  add("process_virtual_memory_max_bytes", kGauge, "Maximum amount of virtual memory available in bytes.",
      figures.most_virtual_bytes);
}

}  // namespace gorotrace
