// Samples the goroutines of the agent's targets, in turns (agent/sampling_turns.h), and answers what it has
// seen of one. It sets no probe; what it costs is the agent's own CPU time.
// Threads: one of its own runs run(); the others are for any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/mailbox.h"
#include "agent/node_watch.h"
#include "agent/sampled_account.h"
#include "agent/sampling_turns.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "report/stack_numbers.h"
#include "session/session.h"

namespace gorotrace {

class NodeSampling {
 public:
  // Of each table in summary().
  static constexpr std::size_t kMostRows = 512;

  [[nodiscard]] static Result<std::unique_ptr<NodeSampling>> make(std::shared_ptr<NodeState> state);
  ~NodeSampling();
  NodeSampling(const NodeSampling&) = delete;
  NodeSampling& operator=(const NodeSampling&) = delete;

  void run();   // until stop()
  void stop();  // any thread

  // What `stat --json` says in the end, of the target's turn that goes on: it begins when somebody asks and
  // lasts as long as it is asked for again. kFailed: nothing was seen of it in that time; kUnsupported: it
  // cannot be sampled, says why.
  [[nodiscard]] Result<std::string> summary(const std::string& id, std::chrono::milliseconds patience);
  // Of the targets that have had a turn, by id.
  [[nodiscard]] std::map<std::string, SampledFigures> figures(std::size_t top_sites);

 private:
  struct Asked {
    std::string id;
    MonotonicTime until;
    std::shared_ptr<std::promise<Result<std::string>>> answer;
  };
  struct Opened {
    std::string id;
    Result<std::unique_ptr<Target>> target;
  };
  struct Stop {};
  using Message = std::variant<Asked, Opened, Stop>;

  struct Member {                    // of the session, or about to be
    std::optional<TargetId> target;  // nullopt: it is being opened
    StackNumbers stacks;
  };

  NodeSampling(std::shared_ptr<NodeState> state, EventLoop loop, std::shared_ptr<Mailbox<Message>> mailbox);
  void work();
  [[nodiscard]] Status open_session();
  void plan();
  void begin(const std::string& id);
  void take_opened(Opened opened);
  void end(const std::string& id);
  void account(const std::string& id, bool last);
  void answer();
  // nullopt: not yet.
  [[nodiscard]] std::optional<Result<std::string>> answer_of(const Asked& asked);
  [[nodiscard]] bool affordable(MonotonicTime now);
  void schedule();

  const std::shared_ptr<NodeState> state_;
  EventLoop loop_;
  const std::shared_ptr<Mailbox<Message>> mailbox_;
  SamplingTurns turns_;
  std::map<std::string, std::unique_ptr<Member>> members_;
  std::map<std::string, Error> refused_;  // of those whose last turn could not begin
  std::vector<Asked> asked_;
  std::optional<MonotonicTime> alarm_;
  MonotonicTime plan_at_{}, account_at_{};
  // The agent's CPU time that is left for more turns, and as of when.
  double credit_ns_ = 0;
  MonotonicTime credit_at_{};
  std::uint64_t credit_cpu_ns_ = 0;

  std::mutex accounts_mutex_;
  std::map<std::string, SampledAccount> accounts_;

  std::unique_ptr<Session> session_;  // none while there are no members
  double session_share_ = 0;
  LookWorkers openers_;  // last: goes first
};

}  // namespace gorotrace
