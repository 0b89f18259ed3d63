// Looks at the goroutines of the agent's targets, and answers what it has seen of one: all are sampled in
// turns (agent/sampling_turns.h), which costs the agent's own CPU time alone; those of which a rule says so
// have probes instead, all the time, as far as the budgets let them.
// Threads: one of its own runs run(); the others are for any.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "agent/agent_session.h"
#include "agent/cpu_credit.h"
#include "agent/mailbox.h"
#include "agent/node_watch.h"
#include "agent/probe_account.h"
#include "agent/reader_quota.h"
#include "agent/sampled_account.h"
#include "agent/sampling_turns.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "session/look_workers.h"

namespace gorotrace {

class NodeSampling {
 public:
  [[nodiscard]] static Result<std::unique_ptr<NodeSampling>> make(std::shared_ptr<NodeState> state);
  NodeSampling(const NodeSampling&) = delete;
  NodeSampling& operator=(const NodeSampling&) = delete;

  void run();   // until stop()
  void stop();  // any thread

  // What `stat --json` says in the end, of the target's turn that goes on: it begins when somebody asks and
  // lasts as long as it is asked for again. kFailed: nothing was seen of it in that time. Other errors: it
  // cannot be looked at.
  [[nodiscard]] Result<std::string> summary(const std::string& id, std::chrono::milliseconds patience);
  // Of the targets that have had a turn, by id; or of this one alone.
  [[nodiscard]] std::map<std::string, SampledFigures> figures(std::size_t top_sites,
                                                              const std::string& id = "");
  // Likewise of those that have, or had, probes.
  [[nodiscard]] std::map<std::string, ProbeFigures> probe_figures(const std::string& id = "") const;
  // What lists say of targets.
  void add_to(std::vector<AgentTarget>& targets) const;

 private:
  struct Asked {
    std::string id;
    MonotonicTime until;
    std::shared_ptr<std::promise<Result<std::string>>> answer;
  };
  struct Opened {
    std::string id;
    bool probed = false;
    Result<std::unique_ptr<Target>> target;
  };
  struct Stop {};
  using Message = std::variant<Asked, Opened, Stop>;
  struct Refusal {
    Error error;
    MonotonicTime until;  // it is not tried again before
  };

  NodeSampling(std::shared_ptr<NodeState> state, EventLoop loop, std::shared_ptr<Mailbox<Message>> mailbox);
  void work();
  void plan();
  void plan_probes(const std::vector<WatchedId>& watched, MonotonicTime now);
  // Without those of which no more threads may be held up.
  [[nodiscard]] std::vector<std::string> may_have_turns(const std::vector<WatchedId>& watched);
  void end_turn(const std::string& id);
  void plan_turns(const std::vector<WatchedId>& watched, MonotonicTime now);
  void begin(const std::string& id, bool probed);
  void take_opened(Opened opened);
  [[nodiscard]] Status open(bool probed);
  void seen(const std::string& id, const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
            bool last);
  void answer();
  // nullopt: not yet.
  [[nodiscard]] std::optional<Result<std::string>> answer_of(const Asked& asked);
  void schedule();

  const std::shared_ptr<NodeState> state_;
  EventLoop loop_;
  const std::shared_ptr<Mailbox<Message>> mailbox_;
  SamplingTurns turns_;
  CpuCredit credit_;
  std::set<std::string> opening_;                  // by a worker
  std::map<std::string, Refusal> refused_;         // what could not be sampled
  std::map<std::string, Refusal> without_probes_;  // what could not get its probes: it is sampled
  std::map<std::string, std::string> held_up_;     // whom the last turn's look is not back from, and its user
  std::vector<Asked> asked_;
  std::optional<MonotonicTime> alarm_;
  MonotonicTime plan_at_{}, begun_at_{};  // begun_at_: a turn, the last time
  LookSettings settings_;                 // with which the sessions were opened

  mutable std::mutex accounts_mutex_;  // what follows
  std::map<std::string, SampledAccount> accounts_;
  std::map<std::string, ProbeAccount> probe_accounts_;

  AgentSession sampled_, probed_;
  const std::shared_ptr<ReaderQuota> quota_;  // of openers_, shared with who is held up
  LookWorkers openers_;                       // last: goes first
};

}  // namespace gorotrace
