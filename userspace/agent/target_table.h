// The Go runtimes that the agent knows, by process: written by the thread that finds them, read by all.
// Threads: any.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/agent_target.h"
#include "agent/watched_target.h"

namespace gorotrace {

struct KnownTarget {
  AgentTarget info;                        // without what is read later
  std::shared_ptr<WatchedTarget> watched;  // null: it is not
};

struct WatchedId {
  std::string id;
  GroupMask probes = 0;  // AgentTarget::probes
  std::string user;
};

// Of readings, over all targets that there were.
struct ReadingTotals {
  std::uint64_t readings = 0, errors = 0, cpu_ns = 0;
};

class TargetTable {
 public:
  // In place of the one with that id, of which what it is known since stays.
  void put(KnownTarget target);
  // How many there were: all of a process, or the one.
  std::size_t erase(pid_t pid);
  std::size_t erase(pid_t pid, const std::string& id);
  void clear();
  [[nodiscard]] std::vector<KnownTarget> of(pid_t pid) const;  // the executable's first
  [[nodiscard]] std::optional<KnownTarget> find(std::string_view id) const;
  [[nodiscard]] std::vector<KnownTarget> all() const;  // by pid
  [[nodiscard]] std::size_t watched() const;
  // By id; without those that hold up whoever reads them.
  [[nodiscard]] std::vector<WatchedId> watched_ids() const;
  [[nodiscard]] ReadingTotals totals() const;

 private:
  using Key = std::pair<pid_t, std::string>;  // its process and id
  using Targets = std::map<Key, KnownTarget>;
  // With mutex_ held.
  void remember(const KnownTarget& gone);
  Targets::iterator erase(Targets::iterator at);

  mutable std::mutex mutex_;  // what follows
  Targets targets_;
  std::size_t watched_ = 0;  // of these
  ReadingTotals gone_;
};

// With what was read of it, and whether it holds up whoever reads it.
[[nodiscard]] AgentTarget shown_target(const KnownTarget& known, const TargetFigures& figures);
[[nodiscard]] AgentTarget shown_target(const KnownTarget& known);

}  // namespace gorotrace
