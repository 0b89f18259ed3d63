#include "process/discovery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/number.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "process/procfs.h"
#include "process/user_ids.h"

namespace gorotrace {
namespace {

constexpr std::size_t kShownContainer = 12;  // as docker ps shows it
constexpr std::size_t kShortestPrefix = 6;
constexpr std::size_t kListed = 10;  // candidates named in an error

struct Candidate {
  ProcessRow row;
  std::string container;  // whole id
};

bool is_elf(pid_t pid) {
  const UniqueFd fd(::open(procfs::path(pid, "exe").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4> magic{};
  return fd && ::pread(fd.get(), magic.data(), magic.size(), 0) == 4 &&
         std::memcmp(magic.data(), "\177ELF", 4) == 0;
}

struct Candidates {
  std::vector<Candidate> found;
  std::vector<pid_t> forbidden;
};

Candidates candidates() {
  Candidates out;
  for (const pid_t pid : procfs::all_pids()) {
    const pid_t task = procfs::living_task(pid);
    if (task == 0) continue;
    const auto exe = procfs::read_link(task, "exe");
    if (exe && !is_elf(task)) continue;
    const auto stat_text = procfs::read_file(pid, "stat", 4096);
    const auto status_text = procfs::read_file(pid, "status");
    const auto stat = stat_text ? procfs::parse_stat(*stat_text) : std::nullopt;
    const auto status = status_text ? procfs::parse_status(*status_text) : std::nullopt;
    if (!stat || !status) continue;  // gone meanwhile
    if (!exe) {
      const bool has_one = (stat->flags & procfs::kKernelThread) == 0;
      if (has_one && exe.error().kind == ErrorKind::kPermission) out.forbidden.push_back(pid);
      continue;
    }
    Candidate c;
    c.row.pid = pid;
    c.row.task = task;
    c.row.namespace_pid = status->namespace_pid;
    c.row.user = user_name(status->uid);
    c.row.comm = stat->comm;
    c.row.executable = printable(*exe);
    if (const auto cgroup = procfs::read_file(task, "cgroup")) c.container = procfs::container_id(*cgroup);
    c.row.container = c.container.substr(0, kShownContainer);
    out.found.push_back(std::move(c));
  }
  return out;
}

std::string_view base_name(std::string_view path) {
  if (path.ends_with(procfs::kDeleted)) path.remove_suffix(procfs::kDeleted.size());
  return path.substr(path.rfind('/') + 1);  // npos + 1 == 0
}

// Never empty. Of a PID that is there the row has that and nothing else.
Result<std::vector<ProcessRow>> named(const std::string& text) {
  if (text.empty())
    return fail(ErrorKind::kUsage, "no process named: give a PID, a container id or a process name");
  const auto pid = whole_number<pid_t>(text);
  std::vector<ProcessRow> found;
  if (pid && *pid > 0 && ::access(procfs::path(*pid, "stat").c_str(), F_OK) == 0) {
    found.emplace_back().pid = *pid;
    return found;
  }
  std::vector<Candidate> all = candidates().found;
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (is_hex && text.size() >= kShortestPrefix) {
    for (Candidate& c : all) {
      if (c.container.starts_with(text)) found.push_back(std::move(c.row));
    }
    if (!found.empty()) return found;
  }
  const pid_t self = ::getpid();
  for (Candidate& c : all) {
    if (c.row.pid != self && (c.row.comm == text || base_name(c.row.executable) == text))
      found.push_back(std::move(c.row));
  }
  if (!found.empty()) return found;
  if (pid && *pid > 0) return procfs::no_process(*pid);
  // A program may have such a name, but this one is a number that went wrong.
  const bool number = text.find_first_not_of(" +-0123456789") == std::string::npos;
  if (number)
    return fail(ErrorKind::kUsage,
                fmt::format("'{}' is not a PID, and no process or container has that name ('gorotrace ps' "
                            "lists them)",
                            printable(text)));
  return fail(
      ErrorKind::kNoProcess,
      fmt::format("no process or container is named '{}' ('gorotrace ps' lists them)", printable(text)));
}

struct Named {
  std::vector<ProcessRow> processes;
  std::string file;
};

// A name may have a colon in it; then what is in front of one is no other process's name, or is not meant.
Result<Named> named_with_file(const std::string& text) {
  auto whole = named(text);
  const std::size_t colon = text.find(':');
  if (whole || colon == std::string::npos) {
    if (!whole) return std::unexpected(whole.error());
    return Named{*std::move(whole), ""};
  }
  auto processes = named(text.substr(0, colon));
  if (!processes) return std::unexpected(processes.error());
  if (colon + 1 == text.size())
    return fail(ErrorKind::kUsage, fmt::format("'{}': no file is named behind the colon", printable(text)));
  return Named{*std::move(processes), text.substr(colon + 1)};
}

}  // namespace

ProcessList list_processes() {
  Candidates all = candidates();
  ProcessList list{{}, std::move(all.forbidden)};
  for (Candidate& c : all.found) list.rows.push_back(std::move(c.row));
  return list;
}

Result<std::vector<TargetName>> resolve_targets(const std::string& text) {
  const auto found = named_with_file(text);
  if (!found) return std::unexpected(found.error());
  std::vector<TargetName> targets;
  for (const ProcessRow& row : found->processes) targets.emplace_back(row.pid, found->file);
  return targets;
}

Result<TargetName> resolve_target(const std::string& text, const std::string& way_out) {
  const auto found = named_with_file(text);
  if (!found) return std::unexpected(found.error());
  const std::vector<ProcessRow>& processes = found->processes;
  if (processes.size() == 1) return TargetName(processes.front().pid, found->file);
  std::string list;
  for (std::size_t i = 0; i < std::min(processes.size(), kListed); ++i) {
    const ProcessRow& row = processes[i];
    list += fmt::format("\n  {:>8}  {:<12}  {}", row.pid, row.container, row.executable);
  }
  if (processes.size() > kListed) list += fmt::format("\n  and {} more", processes.size() - kListed);
  return fail(ErrorKind::kUsage, fmt::format("'{}' names {} processes, {}:{}", printable(text),
                                             processes.size(), way_out, list));
}

}  // namespace gorotrace
