#include "agent/node_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/overloaded.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kScanEvery{60};        // a net
constexpr std::chrono::seconds kScanWithoutExecs{5};  // the only way
constexpr milliseconds kTick{100};                    // while somebody is being looked at
constexpr std::chrono::seconds kTickAfter{10};        // it is held up: nothing changes any more
constexpr std::chrono::seconds kReadyAfter{5};        // however long the first looks take
constexpr unsigned kMostAttempts = 5;
constexpr std::chrono::seconds kBetweenAttempts{2};  // and twice as long each time
constexpr std::chrono::seconds kLeftOutFor{60};

bool still_is(const AgentTarget& target) {
  const auto text = procfs::read_file(target.pid, "stat", 4096);
  const auto stat = text ? procfs::parse_stat(*text) : std::nullopt;
  return stat && stat->start_time == target.start_time_ticks;
}

}  // namespace

NodeWatch::NodeWatch(std::shared_ptr<NodeState> state, std::shared_ptr<ReadingsOver> over, EventLoop loop,
                     std::shared_ptr<Mailbox<Message>> mailbox)
    : state_(std::move(state)),
      over_(std::move(over)),
      loop_(std::move(loop)),
      mailbox_(std::move(mailbox)),
      quota_(std::make_shared<ReaderQuota>(Readings::kMostOfOneUser, kHeldUpAfter,
                                           [] { return monotonic_ns(); })),
      workers_(Readings::kMostThreads, Readings::kMostAtWorkForOne) {}

Result<std::unique_ptr<NodeWatch>> NodeWatch::make(std::shared_ptr<NodeState> state,
                                                   std::shared_ptr<ReadingsOver> over) {
  auto loop = EventLoop::make();
  if (!loop) return std::unexpected(loop.error());
  auto mailbox = Mailbox<Message>::make();
  if (!mailbox) return std::unexpected(mailbox.error());
  std::unique_ptr<NodeWatch> watch(
      new NodeWatch(std::move(state), std::move(over), *std::move(loop), *std::move(mailbox)));
  NodeWatch& self = *watch;
  const auto read = self.loop_.on_readable(self.mailbox_->fd(), [&self] {
    for (Message& message : self.mailbox_->take()) {
      std::visit(Overloaded{[&](News& news) { self.take_news(std::move(news)); },
                            [&](Reload) { self.apply_rules(); }, [&](Stop) { self.loop_.stop(); }},
                 message);
    }
    self.schedule();
  });
  if (!read) return std::unexpected(read.error());
  // Before the first scan: what is executed from here on is in the ring or in the scan.
  self.start_exec_watch();
  self.discovery_.emplace(Discovery::proc(), self.execs_ ? kScanEvery : kScanWithoutExecs,
                          [&self](pid_t pid, LookFor wanted) { self.look(pid, wanted); });
  return watch;
}

void NodeWatch::start_exec_watch() {
  auto execs = ExecWatch::start();
  Status watched = execs ? Status{} : Status(std::unexpected(execs.error()));
  if (execs) {
    execs_.emplace(*std::move(execs));
    watched = loop_.on_readable(execs_->fd(), [this] {
      const MonotonicTime now = loop_.timers().now();
      discovery_->executed(execs_->take(), now);
      schedule();
    });
  }
  if (watched) return;
  execs_.reset();
  const std::lock_guard lock(state_->mutex);
  state_->notices.push_back(
      fmt::format("programs that are executed are found by scans of /proc every {} s, and "
                  "shorter ones not at all: {}",
                  kScanWithoutExecs.count(), watched.error().message));
}

void NodeWatch::run() {
  begun_ = loop_.timers().now();
  work();
  if (auto ran = loop_.run(); !ran) {
    const std::lock_guard lock(state_->mutex);
    state_->notices.push_back("no more processes are found: " + ran.error().message);
  }
  state_->table.clear();
}

void NodeWatch::stop() {
  mailbox_->post(Stop{});
}

void NodeWatch::reload() {
  mailbox_->post(Reload{});
}

void NodeWatch::call_at(MonotonicTime when) {
  if (!alarms_.empty() && *alarms_.begin() <= when) return;
  alarms_.insert(when);
  loop_.timers().at(when, [this, when] {
    alarms_.erase(alarms_.find(when));
    work();
  });
}

// The next time that something is to be done: nothing wakes us before.
void NodeWatch::schedule() {
  const MonotonicTime now = loop_.timers().now();
  call_at(std::max(discovery_->next(), now));
  const bool looked_at = std::ranges::any_of(
      in_flight_, [now](const auto& entry) { return now - entry.second.since < kTickAfter; });
  if (looked_at) call_at(now + kTick);
}

void NodeWatch::work() {
  const MonotonicTime now = loop_.timers().now();
  if (execs_) discovery_->lost_by_kernel(execs_->lost(), now);
  if (now >= discovery_->next()) discovery_->work(now);
  tick();
  {
    const std::lock_guard lock(state_->mutex);
    state_->figures.discovery = discovery_->counts();
  }
  schedule();
}

void NodeWatch::tick() {
  workers_.look_after();
  const MonotonicTime now = loop_.timers().now();
  for (const auto& [pid, look] : in_flight_) {
    if (now - look.since < kHeldUpAfter) continue;
    for (KnownTarget& known : state_->table.of(pid)) {
      if (known.info.state != WatchState::kStarting) continue;
      known.info.state = WatchState::kHeldUp;
      known.info.reason = "it does not let go of whoever reads its memory";
      state_->table.put(std::move(known));
    }
  }
  become_ready();
}

void NodeWatch::become_ready() {
  if (!in_flight_.empty() && loop_.timers().now() - begun_ < kReadyAfter) return;
  const std::lock_guard lock(state_->mutex);
  state_->ready = true;
}

// Targets that need no second look as long as it is the same program.
std::vector<std::string> NodeWatch::settled(pid_t pid) const {
  std::vector<std::string> out;
  const auto attempts = attempts_.find(pid);
  for (const KnownTarget& known : state_->table.of(pid)) {
    if (attempts == attempts_.end() || !attempts->second.contains(known.info.id))
      out.push_back(known.info.id);
  }
  return out;
}

void NodeWatch::look(pid_t pid, LookFor wanted) {
  const auto [at, fresh] = in_flight_.try_emplace(pid, InFlight{loop_.timers().now(), wanted, {}});
  if (!fresh) {
    if (at->second.again != LookFor::kProgram) at->second.again = wanted;
    return;
  }
  auto known = wanted == LookFor::kRest ? settled(pid) : std::vector<std::string>();
  const std::string user = user_at_work(pid);
  workers_.add(
      user,
      [pid, user, known = std::move(known), state = state_, mailbox = mailbox_,
       quota = quota_](const std::stop_token&) {
        Inspected inspected{.what = Inspected::What::kLeftOut, .runtimes = {}};
        (void)quota->run(user, [&] {
          const auto rules = state->current_rules();
          inspected = inspect_process(pid, known, *rules, state->caches, [&](const AgentTarget& target) {
            mailbox->post(News{pid, false, target, {}});
          });
        });
        mailbox->post(News{pid, true, {}, std::move(inspected)});
      },
      std::stop_source());
}

void NodeWatch::take_news(News news) {
  if (!news.over) {
    // Of a process that runs another program by now the last one's figures are of no use.
    if (watch_end(news.found)) state_->table.put({std::move(news.found), nullptr});
    return;
  }
  const auto at = in_flight_.find(news.pid);
  if (at == in_flight_.end()) return;
  const InFlight over = at->second;
  in_flight_.erase(at);
  // Of another program that it executed meanwhile nothing of this one's is of use.
  if (over.again != LookFor::kProgram) conclude(news.pid, over.wanted, std::move(news.inspected));
  if (over.again) look(news.pid, *over.again);
  become_ready();
}

void NodeWatch::conclude(pid_t pid, LookFor wanted, Inspected inspected) {
  if (inspected.what == Inspected::What::kUnknown) {
    const std::lock_guard lock(state_->mutex);
    ++state_->figures.unreadable;
  }
  if (inspected.what == Inspected::What::kLeftOut) {
    discovery_->again(pid, loop_.timers().now() + kLeftOutFor);
    const std::lock_guard lock(state_->mutex);
    ++state_->figures.left_out;
  }
  if (inspected.what != Inspected::What::kGo) {
    if (wanted == LookFor::kProgram) forget(pid);  // else nothing new was seen of it; its end is told
    return;
  }
  if (wanted == LookFor::kProgram) {  // runtimes of the program before
    std::size_t gone = 0;
    for (const KnownTarget& known : state_->table.of(pid)) {
      const auto is_it = [&](const InspectedRuntime& now) { return now.target.id == known.info.id; };
      if (std::ranges::none_of(inspected.runtimes, is_it)) gone += state_->table.erase(pid, known.info.id);
    }
    const std::lock_guard lock(state_->mutex);
    state_->figures.ended += gone;
  }
  for (InspectedRuntime& runtime : inspected.runtimes) {
    if (!watch_end(runtime.target)) return forget(pid);
    take_runtime(std::move(runtime));
  }
}

void NodeWatch::take_runtime(InspectedRuntime runtime) {
  const pid_t pid = runtime.target.pid;
  unsigned& attempts = attempts_[pid][runtime.target.id];
  if (runtime.passing && attempts < kMostAttempts) {
    discovery_->again(pid, loop_.timers().now() + kBetweenAttempts * (1 << attempts++));
  } else {
    attempts_[pid].erase(runtime.target.id);
    if (attempts_[pid].empty()) attempts_.erase(pid);
  }
  KnownTarget known{std::move(runtime.target), nullptr};
  if (runtime.opened)
    known.watched = std::make_shared<WatchedTarget>(std::move(runtime.opened), known.info.user, over_);
  state_->table.put(std::move(known));
}

// False: it has ended.
bool NodeWatch::watch_end(const AgentTarget& target) {
  const pid_t pid = target.pid;
  if (const auto at = ends_.find(pid);
      at != ends_.end() && at->second.start_time_ticks == target.start_time_ticks)
    return true;
  forget(pid);
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  // The number was perhaps another process's by then.
  if (!fd || !still_is(target)) return false;
  const int number = fd.get();
  // Asked once more: of several events at once an earlier one may have closed the descriptor that this one is
  // about, and its number is another process's.
  const auto over = [this, pid, number] {
    pollfd end{number, POLLIN, 0};
    if (::poll(&end, 1, 0) > 0) forget(pid);
  };
  if (!loop_.on_readable(number, over)) return false;
  ends_.emplace(pid, End{std::move(fd), target.start_time_ticks});
  return true;
}

void NodeWatch::forget(pid_t pid) {
  if (const auto at = ends_.find(pid); at != ends_.end()) {
    loop_.forget(at->second.fd.get());
    ends_.erase(at);
  }
  attempts_.erase(pid);
  const std::size_t count = state_->table.erase(pid);
  const std::lock_guard lock(state_->mutex);
  state_->figures.ended += count;
}

void NodeWatch::apply_rules() {
  const auto rules = state_->current_rules();
  for (KnownTarget& known : state_->table.all()) {
    const RuleDecision decision = decide(*rules, rule_subject(known.info));
    if (!decision.excluded && known.info.state == WatchState::kExcluded) {
      attempts_[known.info.pid].try_emplace(known.info.id, 0);
      look(known.info.pid, LookFor::kRest);
    } else if (decision.excluded && known.info.state != WatchState::kStarting) {
      known.info.state = WatchState::kExcluded;
      known.info.reason = *decision.excluded;
      known.watched = nullptr;
      state_->table.put(std::move(known));
    } else if (decision.probes != known.info.probes) {
      known.info.probes = decision.probes;
      state_->table.put(std::move(known));
    }
  }
}

}  // namespace gorotrace
