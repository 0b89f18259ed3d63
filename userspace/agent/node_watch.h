// Keeps the table of a node's Go processes: learns of programs that are executed, has each looked at, and
// notices when one ends.
// Threads: one of its own runs run(); make(), reload() and stop() are called by the owner; what is shared
// with workers and readers lies in NodeState.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "agent/discovery.h"
#include "agent/inspection.h"
#include "agent/mailbox.h"
#include "agent/node_families.h"
#include "agent/readings.h"
#include "agent/rules.h"
#include "agent/target_table.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "capture/exec_watch.h"
#include "session/look_workers.h"

namespace gorotrace {

// Of the configuration, for whoever looks at targets.
struct LookSettings {
  double agent_percent = 0;  // AgentConfig has what these are
  double target_percent = 0, node_percent = 0;
  GroupMask probes = 0;
  bool operator==(const LookSettings&) const = default;
};

// Threads: any.
struct NodeState {
  TargetTable table;
  InspectionCaches caches;

  mutable std::mutex mutex;  // what follows
  std::shared_ptr<const std::vector<AgentRule>> rules;
  LookSettings settings;
  std::size_t top_sites = 0;
  bool otel_names = false;
  bool ready = false;
  std::vector<std::string> notices;
  NodeFigures figures;  // without what `table` and `caches` count

  [[nodiscard]] std::shared_ptr<const std::vector<AgentRule>> current_rules() const {
    const std::lock_guard lock(mutex);
    return rules;
  }
  [[nodiscard]] LookSettings look_settings() const {
    const std::lock_guard lock(mutex);
    return settings;
  }
};

class NodeWatch {
 public:
  [[nodiscard]] static Result<std::unique_ptr<NodeWatch>> make(std::shared_ptr<NodeState> state,
                                                               std::shared_ptr<ReadingsOver> over);
  NodeWatch(const NodeWatch&) = delete;
  NodeWatch& operator=(const NodeWatch&) = delete;

  void run();     // until stop()
  void stop();    // any thread
  void reload();  // any thread: the rules of the state are others

 private:
  struct News {  // of an inspection
    pid_t pid = 0;
    bool over = false;  // else `found` is Go, and its memory is about to be read
    AgentTarget found;
    Inspected inspected;  // once it is over
  };
  struct Reload {};
  struct Stop {};
  using Message = std::variant<News, Reload, Stop>;

  struct InFlight {
    MonotonicTime since;
    LookFor wanted;
    std::optional<LookFor> again;  // was asked for meanwhile
  };
  struct End {
    UniqueFd fd;  // a pidfd
    std::uint64_t start_time_ticks;
  };

  NodeWatch(std::shared_ptr<NodeState> state, std::shared_ptr<ReadingsOver> over, EventLoop loop,
            std::shared_ptr<Mailbox<Message>> mailbox);
  void start_exec_watch();
  void work();
  void look(pid_t pid, LookFor wanted);
  [[nodiscard]] std::vector<std::string> settled(pid_t pid) const;
  void take_news(News news);
  void conclude(pid_t pid, LookFor wanted, Inspected inspected);
  void take_runtime(InspectedRuntime runtime);
  [[nodiscard]] bool watch_end(const AgentTarget& target);
  void forget(pid_t pid);
  void apply_rules();
  void tick();
  void become_ready();
  void schedule();
  void call_at(MonotonicTime when);

  const std::shared_ptr<NodeState> state_;
  const std::shared_ptr<ReadingsOver> over_;
  EventLoop loop_;
  const std::shared_ptr<Mailbox<Message>> mailbox_;
  std::optional<ExecWatch> execs_;
  std::optional<Discovery> discovery_;
  std::map<pid_t, InFlight> in_flight_;
  std::map<pid_t, End> ends_;  // of those in the table
  // By id: of those refused for what may not last, and of those that a rule excludes no more.
  std::map<pid_t, std::map<std::string, unsigned>> attempts_;
  std::multiset<MonotonicTime> alarms_;  // timers of the loop that are not due yet
  MonotonicTime begun_;
  const std::shared_ptr<ReaderQuota> quota_;  // of workers_, shared with who is held up
  LookWorkers workers_;                       // last: goes first, and waits for who looks
};

}  // namespace gorotrace
