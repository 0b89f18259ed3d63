// A session of the agent's, whose targets come and go by name, and what is seen of them while it lasts: for
// whoever keeps account, and for whoever asks. With probes or without.
// Threads: one owner.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "report/stack_numbers.h"
#include "session/session.h"

namespace gorotrace {

class AgentSession {
 public:
  // Of each table in summary().
  static constexpr std::size_t kMostRows = 512;
  // Soon after a target has come, then every 10 s, and when it goes: `last`.
  using Seen = std::function<void(const std::string& id, const StatFacts& facts, const Tables& tables,
                                  Symbolizer& symbols, bool last)>;
  // Both outlive it. A target's window ends after longest_window, and it has to be added again: what is told
  // of one grows with the phases in which probes were on.
  AgentSession(EventLoop& loop, Seen seen,
               std::chrono::nanoseconds longest_window = std::chrono::nanoseconds::max())
      : loop_(loop), seen_(std::move(seen)), longest_window_(longest_window) {}
  ~AgentSession();
  AgentSession(const AgentSession&) = delete;
  AgentSession& operator=(const AgentSession&) = delete;

  [[nodiscard]] bool is_open() const { return session_ != nullptr; }
  [[nodiscard]] Status open(const SessionOptions& options);
  void close();  // the end of all targets

  [[nodiscard]] Status add(const std::string& id, std::unique_ptr<Target> target);
  // False: its process does not let go of whoever read its memory.
  bool end(const std::string& id);
  [[nodiscard]] bool has(const std::string& id) const { return members_.contains(id); }
  [[nodiscard]] std::vector<std::string> ids() const;
  [[nodiscard]] std::size_t size() const { return members_.size(); }

  void tick();
  // When it wants a tick before the next regular one.
  [[nodiscard]] std::optional<std::uint64_t> due_ns() const;
  // Of each target, in CPUs (Governor::cap).
  void cap_budgets(double cpus);
  // What `stat --json` says in the end, of a target that it has, as of now; nullopt: too little was seen yet.
  [[nodiscard]] std::optional<Result<std::string>> summary(const std::string& id);

 private:
  struct Member {
    explicit Member(TargetId of) : target(of) {}
    TargetId target;
    StackNumbers stacks;
    MonotonicTime begun_at{}, told_at{};
  };
  void tell(const std::string& id, const Member& member, bool last);

  EventLoop& loop_;
  Seen seen_;
  const std::chrono::nanoseconds longest_window_;
  std::map<std::string, std::unique_ptr<Member>> members_;
  std::unique_ptr<Session> session_;
  int urgent_fd_ = -1;
  MonotonicTime window_ended_at_{};  // by longest_window_, the last time
};

}  // namespace gorotrace
