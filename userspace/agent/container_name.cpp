#include "agent/container_name.h"

#include <dirent.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

constexpr std::size_t kIdDigits = 64, kUidDigits = 36;
constexpr std::size_t kLongestName = 253;  // of a DNS subdomain, which pods' names are
constexpr std::size_t kMostNames = 10'000;
constexpr std::uint64_t kBetweenReadsNs = 1'000'000'000;

bool is_id(std::string_view text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "pod<uid>" of the cgroupfs driver, "kubepods-burstable-pod<uid with _>.slice" of systemd's. The uid of a
// static pod is a hash of 32 digits without dashes.
std::string pod_uid(std::string_view component) {
  constexpr std::string_view kPod = "pod";
  std::size_t at = component.rfind(kPod);
  // "kubepods" has it, too: what counts begins the name or follows a dash.
  if (at == std::string_view::npos || (at != 0 && component[at - 1] != '-')) return "";
  component.remove_prefix(at + kPod.size());
  if (component.ends_with(".slice")) component.remove_suffix(6);
  std::string uid(component);
  std::ranges::replace(uid, '_', '-');
  if (uid.size() != kUidDigits && uid.size() != 32) return "";
  return uid.find_first_not_of("0123456789abcdef-") == std::string::npos ? uid : "";
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) out.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

// "/lxc/<name>", "/lxc.payload.<name>", and Talos' "/podruntime/<name>".
std::string named_container(const std::vector<std::string_view>& path) {
  constexpr std::string_view kPayload = "lxc.payload.";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i].starts_with(kPayload)) return printable(path[i].substr(kPayload.size()), kLongestName);
    if ((path[i] == "lxc" || path[i] == "podruntime") && i + 1 < path.size())
      return printable(path[i + 1], kLongestName);
  }
  return "";
}

// The third field of a line "hierarchy:controllers:path"; a path may have colons.
std::string_view path_of_line(std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  return second == std::string_view::npos ? std::string_view() : line.substr(second + 1);
}

template <typename Take>
void each_line(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

ContainerName container_of_cgroups(std::string_view cgroup_text) {
  ContainerName out;
  std::string named;
  // crio-conmon-<id> is the monitor beside a container, and in none itself.
  std::string text;
  each_line(cgroup_text, [&](std::string_view line) {
    const auto path = components(path_of_line(line));
    if (std::ranges::any_of(path, [](std::string_view part) {
          return part.starts_with("crio-conmon-") || part.starts_with("libpod-conmon-");
        }))
      return;
    text.append(line).push_back('\n');
    for (const std::string_view part : path) {
      if (std::string uid = pod_uid(part); !uid.empty()) out.pod_uid = std::move(uid);
    }
    if (named.empty()) named = named_container(path);
  });
  out.id = procfs::container_id(text);
  if (out.id.empty()) out.id = std::move(named);
  return out;
}

std::string cgroup_path(std::string_view cgroup_text) {
  std::string_view unified, other;
  each_line(cgroup_text, [&](std::string_view line) {
    const std::string_view path = path_of_line(line);
    if (line.starts_with("0::")) {
      unified = path;
    } else if (other.empty() && path != "/") {
      other = path;
    }
  });
  return printable(!unified.empty() && (unified != "/" || other.empty()) ? unified : other);
}

std::optional<ContainerName> parse_container_log_name(std::string_view file) {
  constexpr std::string_view kSuffix = ".log";
  if (!file.ends_with(kSuffix)) return std::nullopt;
  file.remove_suffix(kSuffix.size());
  const std::size_t dash = file.rfind('-');
  if (dash == std::string_view::npos || !is_id(file.substr(dash + 1))) return std::nullopt;
  // None of the three may have a '_' (they are DNS names).
  const std::string_view names = file.substr(0, dash);
  const std::size_t first = names.find('_'), second = names.rfind('_');
  if (first == std::string_view::npos || first == second) return std::nullopt;
  ContainerName out;
  out.id = file.substr(dash + 1);
  out.pod = printable(names.substr(0, first), kLongestName);
  out.name_space = printable(names.substr(first + 1, second - first - 1), kLongestName);
  out.container = printable(names.substr(second + 1), kLongestName);
  if (out.pod.empty() || out.name_space.empty() || out.container.empty()) return std::nullopt;
  return out;
}

void ContainerNames::read_directory() {
  by_id_.clear();
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory_.c_str()), &::closedir);
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (by_id_.size() == kMostNames) return;
    if (auto name = parse_container_log_name(entry->d_name)) {
      std::string id = name->id;
      by_id_.insert_or_assign(std::move(id), *std::move(name));
    }
  }
}

void ContainerNames::complete(ContainerName& name) {
  if (!is_id(name.id)) return;
  const std::lock_guard lock(mutex_);
  auto found = by_id_.find(name.id);
  if (found == by_id_.end()) {
    const std::uint64_t now = monotonic_ns();
    if (read_ns_ != 0 && now - read_ns_ < kBetweenReadsNs) return;
    read_ns_ = now;
    read_directory();
    found = by_id_.find(name.id);
    if (found == by_id_.end()) return;
  }
  name.pod = found->second.pod;
  name.name_space = found->second.name_space;
  name.container = found->second.container;
}

}  // namespace gorotrace
