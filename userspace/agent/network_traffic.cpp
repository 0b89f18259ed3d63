#include "agent/network_traffic.h"

#include <sys/stat.h>

#include <string>

#include "agent/proc_text.h"
#include "base/clock.h"
#include "base/number.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kYoungReadNs = 1'000'000'000;

IpBytes read_traffic(pid_t pid) {
  const auto netstat = procfs::read_file(pid, "net/netstat", kProcTextBytes);
  if (!netstat) return {};
  return {parse_ip_extension(*netstat, "InOctets"), parse_ip_extension(*netstat, "OutOctets")};
}

}  // namespace

std::optional<double> parse_ip_extension(std::string_view netstat, std::string_view name) {
  constexpr std::string_view kGroup = "IpExt:";
  auto names = line_behind(netstat, kGroup);
  if (!names) return std::nullopt;
  // The line of values follows that of names.
  const auto at = static_cast<std::size_t>(names->data() - netstat.data()) + names->size();
  auto values = line_behind(netstat.substr(at), kGroup);
  if (!values) return std::nullopt;
  for (;;) {
    const std::string_view column = next_word(*names), word = next_word(*values);
    if (column.empty() || word.empty()) return std::nullopt;
    if (column != name) continue;
    const auto value = whole_number<std::uint64_t>(word);
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  }
}

IpBytes NetworkTraffic::of(pid_t pid) {
  struct stat file{};
  if (::stat(procfs::path(pid, "ns/net").c_str(), &file) != 0) return read_traffic(pid);
  const Namespace its(file.st_dev, file.st_ino);
  const std::uint64_t now = monotonic_ns();
  const auto young = [now](const Known& known) { return since(now, known.read_ns) < kYoungReadNs; };
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = known_.find(its); at != known_.end() && young(at->second)) return at->second.bytes;
  }
  const Known read{now, read_traffic(pid)};
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [&](const auto& entry) { return !young(entry.second); });
  known_[its] = read;
  return read.bytes;
}

}  // namespace gorotrace
