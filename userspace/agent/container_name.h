// Which container and pod a process is in, by its control groups and by the names that kubelet gives the log
// files of containers: no API server and no runtime's socket is asked. Everything here was chosen by somebody
// else.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "agent/agent_target.h"

namespace gorotrace {

// Of the text of /proc/PID/cgroup, v1 or v2: the id that docker, containerd, cri-o, podman or nerdctl put in
// its path (64 hex digits, the innermost), or the name of an LXC container; and the pod's uid. Pure.
[[nodiscard]] ContainerName container_of_cgroups(std::string_view cgroup_text);
// The path in the unified hierarchy, else in the first of the others that is not "/"; printable. "": none.
[[nodiscard]] std::string cgroup_path(std::string_view cgroup_text);

// "<pod>_<namespace>_<container>-<id>.log": kubelet's name for the log of that container. nullopt for
// anything else. Pure.
[[nodiscard]] std::optional<ContainerName> parse_container_log_name(std::string_view file);

// The names behind ids, from the directory with those files. Threads: any.
class ContainerNames {
 public:
  static constexpr const char* kLogs = "/var/log/containers";
  explicit ContainerNames(std::string directory = kLogs) : directory_(std::move(directory)) {}

  // Fills in pod, namespace and container of an id, as far as they are known. The directory is read when an
  // id is not known, at most once a second.
  void complete(ContainerName& name);

 private:
  void read_directory();

  const std::string directory_;
  std::mutex mutex_;  // what follows
  std::map<std::string, ContainerName, std::less<>> by_id_;
  std::uint64_t read_ns_ = 0;  // CLOCK_MONOTONIC; 0: never
};

}  // namespace gorotrace
