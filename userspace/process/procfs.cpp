#include "process/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/number.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace gorotrace::procfs {
namespace {

constexpr std::size_t kCommBytes = 64;

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" \t\n", at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

// Words after "<key>:" on its line.
std::vector<std::string_view> status_line(std::string_view text, std::string_view key) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ':') {
      return words(line.substr(key.size() + 1));
    }
    at = end + 1;
  }
  return {};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

Result<std::string> read_whole(const std::string& file, std::size_t max_bytes) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno == ENOENT ? ESRCH : errno, "open " + file);
  std::string text;
  std::array<char, 16384> buffer;
  while (text.size() < max_bytes) {
    const ssize_t n = ::read(fd.get(), buffer.data(), std::min(buffer.size(), max_bytes - text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read " + file);
    if (n == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

std::optional<Stat> parse_stat(std::string_view text) {
  // comm may hold spaces and parentheses: it ends at the last ')'.
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const auto rest = words(text.substr(close + 1));  // rest[0] is field 3
  constexpr std::size_t kFirst = 3;
  if (rest.size() <= 28 - kFirst || rest[0].size() != 1) return std::nullopt;
  Stat stat;
  stat.comm = printable(text.substr(open + 1, close - open - 1), kCommBytes);
  stat.state = rest[0][0];
  const auto flags = whole_number<std::uint32_t>(rest[9 - kFirst]);
  const auto threads = whole_number<std::size_t>(rest[20 - kFirst]);
  const auto start_time = whole_number<std::uint64_t>(rest[22 - kFirst]);
  const auto addresses = whole_number<std::uint64_t>(rest[23 - kFirst]);
  const auto start_code = whole_number<std::uint64_t>(rest[26 - kFirst]);
  const auto start_stack = whole_number<std::uint64_t>(rest[28 - kFirst]);
  if (!flags || !threads || !start_time || !addresses || !start_code || !start_stack) return std::nullopt;
  stat.flags = *flags;
  stat.threads = *threads;
  stat.start_time = *start_time;
  stat.addresses = *addresses;
  stat.start_code = *start_code;
  stat.start_stack = *start_stack;
  return stat;
}

std::optional<TaskStatus> parse_status(std::string_view text) {
  const auto tgid = status_line(text, "Tgid"), nspid = status_line(text, "NSpid"),
             uid = status_line(text, "Uid"), tracer = status_line(text, "TracerPid");
  if (tgid.empty() || uid.size() < 2) return std::nullopt;
  const auto tgid_value = whole_number<pid_t>(tgid[0]);
  const auto uid_value = whole_number<uid_t>(uid[1]);
  // NSpid is absent in kernels without PID namespaces (CONFIG_PID_NS).
  const auto inner = nspid.empty() ? tgid_value : whole_number<pid_t>(nspid.back());
  if (!tgid_value || !uid_value || !inner) return std::nullopt;
  return TaskStatus{*tgid_value, *inner, *uid_value,
                    tracer.empty() ? 0 : whole_number<pid_t>(tracer[0]).value_or(0)};
}

std::optional<std::uint64_t> parse_used_bytes(std::string_view status) {
  const auto kilobytes = [&](std::string_view key) -> std::optional<std::uint64_t> {
    const auto line = status_line(status, key);
    return line.empty() ? std::nullopt : whole_number<std::uint64_t>(line[0]);
  };
  const auto resident = kilobytes("VmRSS");
  if (!resident) return std::nullopt;
  return (*resident + kilobytes("VmSwap").value_or(0) + kilobytes("HugetlbPages").value_or(0)) * 1024;
}

std::string container_id(std::string_view cgroup_text) {
  constexpr std::size_t kLength = 64;
  std::string found;
  for (std::size_t at = 0; at < cgroup_text.size();) {
    std::size_t end = at;
    while (end < cgroup_text.size() && is_hex(cgroup_text[end])) ++end;
    if (end - at == kLength) found = cgroup_text.substr(at, kLength);
    at = end + 1;
  }
  return found;
}

std::string path(pid_t pid, std::string_view name) {
  return fmt::format("/proc/{}/{}", pid, name);
}

std::optional<pid_t> parse_fdinfo_pid(std::string_view fdinfo) {
  const auto line = status_line(fdinfo, "Pid");
  return line.empty() ? std::nullopt : whole_number<pid_t>(line[0]);
}

Result<std::string> read_fdinfo(int fd) {
  return read_whole(fmt::format("/proc/self/fdinfo/{}", fd), 1u << 16);
}

Result<std::string> read_file(pid_t pid, std::string_view name, std::size_t max_bytes) {
  return read_whole(path(pid, name), max_bytes);
}

Result<std::string> read_link(pid_t pid, std::string_view name) {
  const std::string file = path(pid, name);
  std::string target(4096, '\0');
  const ssize_t n = ::readlink(file.c_str(), target.data(), target.size());
  if (n < 0) return fail_errno(errno == ENOENT ? ESRCH : errno, "readlink " + file);
  target.resize(static_cast<std::size_t>(n));
  return target;
}

std::unexpected<Error> no_process(pid_t pid) {
  return fail(
      ErrorKind::kNoProcess,
      fmt::format("no process with PID {} in this PID namespace ('gorotrace ps' lists the Go processes)",
                  pid));
}

namespace {

std::vector<pid_t> numbers_in(const std::string& directory) {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), &::closedir);
  if (!dir) return pids;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (const auto pid = whole_number<pid_t>(entry->d_name); pid && *pid > 0) pids.push_back(*pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

bool lives(const std::string& stat_file) {
  const auto text = read_whole(stat_file, 4096);
  const auto stat = text ? parse_stat(*text) : std::nullopt;
  return stat && !stat->has_exited();
}

}  // namespace

pid_t living_task(pid_t pid) {
  if (lives(path(pid, "stat"))) return pid;
  for (const pid_t tid : numbers_in(path(pid, "task"))) {
    if (lives(path(pid, fmt::format("task/{}/stat", tid)))) return tid;
  }
  return 0;
}

std::optional<bool> has_thread(pid_t pid, pid_t namespace_tid) {
  const auto tasks = numbers_in(path(pid, "task"));
  if (tasks.empty()) return std::nullopt;
  bool unknown = false;
  for (const pid_t tid : tasks) {
    const auto text = read_whole(path(pid, fmt::format("task/{}/status", tid)), 4096);
    const auto status = text ? parse_status(*text) : std::nullopt;
    if (status && status->namespace_pid == namespace_tid) return true;
    // One that has ended meanwhile is not there; any other that cannot be read may be the one.
    unknown = unknown || (!status && (text || text.error().kind != ErrorKind::kNoProcess));
  }
  return unknown ? std::nullopt : std::optional(false);
}

std::string boot_id() {
  const auto text = read_whole("/proc/sys/kernel/random/boot_id", 64);
  return text ? printable(text->substr(0, text->find('\n'))) : "";
}

std::vector<pid_t> all_pids() {
  return numbers_in("/proc");
}

}  // namespace gorotrace::procfs
