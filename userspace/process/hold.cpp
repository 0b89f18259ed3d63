#include "process/hold.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>

#include "base/text.h"
#include "base/unique_fd.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (const auto part : std::views::split(text, at)) out.emplace_back(part.begin(), part.end());
  return out;
}

bool has(std::string_view list, std::string_view name) {
  return std::ranges::any_of(split(list, ','), [&](std::string_view part) { return part == name; });
}

std::string read_whole(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 4096> buffer;
  const ssize_t n = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : 0;
  return {buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

// The cgroup as seen from the one that is mounted; nullopt when it does not lie in that.
std::optional<std::string_view> below(std::string_view root, std::string_view cgroup) {
  if (root == "/") root = "";
  if (!cgroup.starts_with(root) || cgroup.starts_with("/..")) return std::nullopt;
  const std::string_view rest = cgroup.substr(root.size());
  if (!rest.empty() && rest[0] != '/') return std::nullopt;
  return rest == "/" ? "" : rest;
}

std::string frozen_by(pid_t pid) {
  const auto mounts = procfs::read_file(::getpid(), "mountinfo");
  const auto cgroups = procfs::read_file(pid, "cgroup");
  if (!mounts || !cgroups) return "";
  for (const FreezerFile& file : freezer_files(*mounts, *cgroups)) {
    if (says_frozen(read_whole(file.path))) return file.cgroup;
  }
  return "";
}

}  // namespace

std::vector<FreezerFile> freezer_files(std::string_view mountinfo, std::string_view cgroups) {
  std::string_view unified, freezer;  // /proc/PID/cgroup: "0::/path", "6:freezer:/path"
  for (const std::string_view line : split(cgroups, '\n')) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1),
                           path = line.substr(second + 1);
    if (line.starts_with("0::")) unified = path;
    if (has(controllers, "freezer")) freezer = path;
  }
  std::vector<FreezerFile> out;
  // "36 35 0:30 root mountpoint options ... - type source super-options" (proc_pid_mountinfo(5)).
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string_view::npos) continue;
    const auto before = split(line.substr(0, separator), ' '), after = split(line.substr(separator + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    const bool v2 = after[0] == "cgroup2", v1 = after[0] == "cgroup" && has(after[2], "freezer");
    const std::string_view cgroup = v2 ? unified : freezer;
    if ((!v2 && !v1) || cgroup.empty()) continue;
    const auto path = below(before[3], cgroup);
    if (!path) continue;
    out.push_back({fmt::format("{}{}/{}", before[4], *path, v2 ? "cgroup.events" : "freezer.state"),
                   std::string(cgroup)});
  }
  return out;
}

bool says_frozen(std::string_view text) {
  return std::ranges::any_of(split(text, '\n'), [](std::string_view line) {
    return line == "frozen 1" || line == "FROZEN" || line == "FREEZING";
  });
}

std::string what_holds(pid_t pid) {
  const auto text = procfs::read_file(pid, "stat", 4096);
  const auto stat = text ? procfs::parse_stat(*text) : std::nullopt;
  if (!stat) return "";
  if (stat->state == 'T') return "stopped by a signal";
  if (stat->state == 't') {
    const auto status_text = procfs::read_file(pid, "status");
    const auto status = status_text ? procfs::parse_status(*status_text) : std::nullopt;
    return status && status->tracer != 0
               ? fmt::format("held by a debugger or tracer (PID {})", status->tracer)
               : "held by a debugger or tracer";
  }
  const std::string cgroup = frozen_by(pid);
  return cgroup.empty() ? "" : fmt::format("frozen by its cgroup ({})", printable(cgroup, 256));
}

}  // namespace gorotrace
