// Bytes that network namespaces received and sent over IP, as processes in them see it:
// /proc/PID/net/netstat, which takes the kernel longer than all else that is read of a process, and is the
// same for all of a namespace. So it is read once a second for each. Threads: any.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace gorotrace {

struct IpBytes {
  std::optional<double> received, transmitted;  // absent: not to be had
};

// A value of the group IpExt of /proc/PID/net/netstat. Pure.
[[nodiscard]] std::optional<double> parse_ip_extension(std::string_view netstat, std::string_view name);

class NetworkTraffic {
 public:
  // Of the namespace of that process; at most 1 s old.
  [[nodiscard]] IpBytes of(pid_t pid);

 private:
  using Namespace = std::pair<dev_t, ino_t>;
  struct Known {
    std::uint64_t read_ns;  // CLOCK_MONOTONIC
    IpBytes bytes;
  };
  std::mutex mutex_;                  // what follows
  std::map<Namespace, Known> known_;  // of the last second
};

}  // namespace gorotrace
