#include "agent/node_sampling.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/cpu_time.h"
#include "base/overloaded.h"

namespace gorotrace {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSessionTick(Session::kTickMs);
constexpr milliseconds kPlanEvery(500);
constexpr std::chrono::minutes kProbedWindow(2);
constexpr std::chrono::seconds kTurnAnyway(5), kNotTriedAgainFor(60);

// A third of the agent's share: the two kinds of readings have the others.
double sampling_share(const LookSettings& settings) {
  return settings.agent_percent / 100 / 3;
}

SessionOptions sampled_options(const LookSettings& settings) {
  SessionOptions options;
  options.sample_cpu = sampling_share(settings);
  return options;
}

SessionOptions probed_options(const LookSettings& settings) {
  SessionOptions options;
  options.groups = settings.probes;
  options.sample_cpu = sampling_share(settings);
  options.budget.target_share = settings.target_percent / 100;
  options.budget.floor_cpu = settings.target_percent / 100;
  return options;
}

bool has(const std::vector<WatchedId>& watched, const std::string& id) {
  return std::ranges::binary_search(watched, id, {}, &WatchedId::id);
}

// "PID-STARTTIME" (AgentTarget::id).
std::string_view process_of(std::string_view id) {
  return id.substr(0, id.find('-', id.find('-') + 1));
}

template <typename Ids>
bool has_other_runtime(const Ids& ids, const std::string& id) {
  return std::ranges::any_of(
      ids, [&](const std::string& other) { return other != id && process_of(other) == process_of(id); });
}

// Of all, or of the one of that id.
template <typename Accounts, typename Figures>
auto figures_of(Accounts& accounts, const std::string& id, const Figures& figures) {
  std::map<std::string, decltype(figures(accounts.begin()->second))> out;
  if (const auto one = accounts.find(id); one != accounts.end()) {
    out.emplace(id, figures(one->second));
  } else if (id.empty()) {
    for (auto& [name, account] : accounts) out.emplace(name, figures(account));
  }
  return out;
}

}  // namespace

NodeSampling::NodeSampling(std::shared_ptr<NodeState> state, EventLoop loop,
                           std::shared_ptr<Mailbox<Message>> mailbox)
    : state_(std::move(state)),
      loop_(std::move(loop)),
      mailbox_(std::move(mailbox)),
      sampled_(loop_, [this](auto&&... of) { seen(of...); }),
      probed_(
          loop_, [this](auto&&... of) { seen(of...); }, kProbedWindow),
      quota_(std::make_shared<ReaderQuota>(Readings::kMostOfOneUser, kHeldUpAfter,
                                           [] { return monotonic_ns(); })),
      openers_(Readings::kMostThreads, Readings::kMostAtWorkForOne) {}

Result<std::unique_ptr<NodeSampling>> NodeSampling::make(std::shared_ptr<NodeState> state) {
  auto loop = EventLoop::make();
  if (!loop) return std::unexpected(loop.error());
  auto mailbox = Mailbox<Message>::make();
  if (!mailbox) return std::unexpected(mailbox.error());
  std::unique_ptr<NodeSampling> sampling(
      new NodeSampling(std::move(state), *std::move(loop), *std::move(mailbox)));
  NodeSampling& self = *sampling;
  const auto read = self.loop_.on_readable(self.mailbox_->fd(), [&self] {
    for (Message& message : self.mailbox_->take()) {
      std::visit(Overloaded{[&](Asked& asked) { self.asked_.push_back(std::move(asked)); },
                            [&](Opened& opened) { self.take_opened(std::move(opened)); },
                            [&](Stop) { self.loop_.stop(); }},
                 message);
    }
    self.plan_at_ = {};
    self.work();
  });
  if (!read) return std::unexpected(read.error());
  return sampling;
}

void NodeSampling::run() {
  work();
  (void)loop_.run();
  for (const Asked& asked : asked_) asked.answer->set_value(fail(ErrorKind::kFailed, "the agent is ending"));
  asked_.clear();
  probed_.close();
  sampled_.close();
}

void NodeSampling::stop() {
  mailbox_->post(Stop{});
}

Result<std::string> NodeSampling::summary(const std::string& id, std::chrono::milliseconds patience) {
  auto answer = std::make_shared<std::promise<Result<std::string>>>();
  auto future = answer->get_future();
  mailbox_->post(Asked{id, loop_.timers().now() + patience, answer});
  // Its thread may have ended meanwhile, or be busy letting go of a target with probes.
  constexpr milliseconds kOnTheWay(6000);
  if (future.wait_for(patience + kOnTheWay) != std::future_status::ready)
    return fail(ErrorKind::kFailed, "sampling does not answer");
  return future.get();
}

std::map<std::string, SampledFigures> NodeSampling::figures(std::size_t top_sites, const std::string& id) {
  const std::lock_guard lock(accounts_mutex_);
  return figures_of(accounts_, id, [&](SampledAccount& account) { return account.figures(top_sites); });
}

std::map<std::string, ProbeFigures> NodeSampling::probe_figures(const std::string& id) const {
  const std::lock_guard lock(accounts_mutex_);
  return figures_of(probe_accounts_, id, [](const ProbeAccount& account) { return account.figures(); });
}

void NodeSampling::add_to(std::vector<AgentTarget>& targets) const {
  const std::lock_guard lock(accounts_mutex_);
  for (AgentTarget& target : targets) {
    if (const auto account = accounts_.find(target.id); account != accounts_.end()) {
      target.blocked = account->second.blocked();
      target.sampled_ns = account->second.at_ns();
      target.cost_cpu_ns += account->second.cpu_ns();
    }
    if (const auto account = probe_accounts_.find(target.id); account != probe_accounts_.end()) {
      const ProbeFigures probes = account->second.figures();
      target.probes_on = probes.on;
      target.charged_ns = probes.charged_ns;
      target.events_lost = probes.lost;
    }
  }
}

void NodeSampling::seen(const std::string& id, const StatFacts& facts, const Tables& tables,
                        Symbolizer& symbols, bool last) {
  const std::lock_guard lock(accounts_mutex_);
  if (facts.requested != 0) {
    ProbeAccount& probes = probe_accounts_[id];
    probes.take(facts, tables);
    if (last) probes.end_session();
  }
  if (!tables.looked && tables.covered_by_sampling.empty()) return;
  SampledAccount& account = accounts_[id];
  account.take(facts, tables, symbols);
  if (last) account.end_turn();
}

void NodeSampling::begin(const std::string& id, bool probed) {
  const auto known = state_->table.find(id);
  if (!known || !known->watched || !opening_.insert(id).second) return turns_.over(id);
  openers_.add(
      known->info.user,
      [state = state_, mailbox = mailbox_, quota = quota_, id, probed, user = known->info.user,
       name = known->info.name(), started = known->info.start_time_ticks](const std::stop_token&) {
        Result<std::unique_ptr<Target>> target =
            fail(ErrorKind::kFailed, "other processes of its user hold up whoever reads their memory");
        (void)quota->run(user, [&] {
          target = Target::open(name, state->caches.binaries);
          if (target && (*target)->process().start_time_ticks() != started)
            target = fail(ErrorKind::kNoProcess, fmt::format("process {} has ended", name.pid));
          if (target && probed) (*target)->prepare_plan();
        });
        mailbox->post(Opened{id, probed, std::move(target)});
      },
      std::stop_source());
}

Status NodeSampling::open(bool probed) {
  AgentSession& session = probed ? probed_ : sampled_;
  if (session.is_open()) return {};
  return session.open(probed ? probed_options(settings_) : sampled_options(settings_));
}

void NodeSampling::take_opened(Opened opened) {
  opening_.erase(opened.id);
  if (!opened.probed && !turns_.sampled(opened.id)) return;  // its turn is over
  Status added = opened.target ? open(opened.probed) : Status(std::unexpected(opened.target.error()));
  if (added) added = (opened.probed ? probed_ : sampled_).add(opened.id, *std::move(opened.target));
  auto& refused = opened.probed ? without_probes_ : refused_;
  if (added) {
    refused.erase(opened.id);
    return;
  }
  refused.insert_or_assign(opened.id, Refusal{added.error(), loop_.timers().now() + kNotTriedAgainFor});
  if (!opened.probed) turns_.over(opened.id);
}

// What has probes by a rule, as long as it does. One that cannot get them is sampled like the others.
void NodeSampling::plan_probes(const std::vector<WatchedId>& watched, MonotonicTime now) {
  std::erase_if(without_probes_,
                [&](const auto& entry) { return entry.second.until <= now || !has(watched, entry.first); });
  for (const std::string& id : probed_.ids()) {
    const auto at = std::ranges::lower_bound(watched, id, {}, &WatchedId::id);
    if (at == watched.end() || at->id != id || at->probes == 0) probed_.end(id);
  }
  for (const WatchedId& target : watched) {
    if (target.probes == 0 || probed_.has(target.id) || without_probes_.contains(target.id)) continue;
    // The kernel knows an event's target by its process.
    if (has_other_runtime(probed_.ids(), target.id)) {
      constexpr const char* kWhy = "another Go runtime of its process has the probes";
      without_probes_.insert_or_assign(target.id,
                                       Refusal{Error{ErrorKind::kFailed, kWhy}, now + kNotTriedAgainFor});
      continue;
    }
    if (has_other_runtime(opening_, target.id)) continue;  // which perhaps gets them
    if (sampled_.has(target.id)) {                         // a process is a target of one session
      end_turn(target.id);
      turns_.over(target.id);
    }
    if (!opening_.contains(target.id)) begin(target.id, true);
  }
  if (probed_.size() == 0) {
    probed_.close();
    return;
  }
  const auto cpus = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  probed_.cap_budgets(settings_.node_percent / 100 * cpus / static_cast<double>(probed_.size()));
}

void NodeSampling::end_turn(const std::string& id) {
  const auto known = state_->table.find(id);
  if (sampled_.end(id) || !known) return;
  held_up_[id] = known->info.user;
  constexpr const char* kWhy = "it does not let go of whoever reads its memory";
  refused_.insert_or_assign(id, Refusal{Error{ErrorKind::kFailed, kWhy}, MonotonicTime::max()});
}

// A process holds up one look, and those of one user so many: like readings (agent/reader_quota.h).
std::vector<std::string> NodeSampling::may_have_turns(const std::vector<WatchedId>& watched) {
  std::erase_if(held_up_, [&](const auto& entry) { return !has(watched, entry.first); });
  std::map<std::string, std::size_t> by_user;
  for (const auto& [id, user] : held_up_) ++by_user[user];
  std::vector<std::string> out;
  for (const WatchedId& target : watched) {
    if (target.probes != 0 && !without_probes_.contains(target.id)) continue;
    const auto user = by_user.find(target.user);
    const bool too_many = user != by_user.end() && user->second >= Readings::kMostOfOneUser;
    if (!too_many && !held_up_.contains(target.id)) out.push_back(target.id);
  }
  return out;
}

void NodeSampling::plan_turns(const std::vector<WatchedId>& watched, MonotonicTime now) {
  const std::vector<std::string> in_turn = may_have_turns(watched);
  std::erase_if(refused_,
                [&](const auto& entry) { return entry.second.until <= now || !has(watched, entry.first); });
  for (const Asked& asked : asked_) {
    if (!std::ranges::binary_search(in_turn, asked.id) || turns_.want(asked.id, now)) continue;
    constexpr const char* kWhy = "too many processes are looked at by others; ask again later";
    refused_.insert_or_assign(asked.id, Refusal{Error{ErrorKind::kFailed, kWhy}, now + kPlanEvery});
  }
  // However much else the agent has to do (a storm of programs that are executed), turns go on.
  const bool may_begin =
      credit_.left(now, process_cpu_ns(), settings_.agent_percent / 100) || now - begun_at_ >= kTurnAnyway;
  const SamplingTurns::Change change = turns_.plan(in_turn, now, may_begin);
  for (const std::string& id : change.end) end_turn(id);
  for (const std::string& id : change.begin) begin(id, false);
  if (!change.begin.empty()) begun_at_ = now;
  if (sampled_.size() == 0 && opening_.empty()) sampled_.close();
}

void NodeSampling::plan() {
  const MonotonicTime now = loop_.timers().now();
  const LookSettings settings = state_->look_settings();
  if (settings != settings_) {  // everybody begins again
    for (const std::string& id : sampled_.ids()) turns_.over(id);
    sampled_.close();
    probed_.close();
    without_probes_.clear();
    settings_ = settings;
  }
  const std::vector<WatchedId> watched = state_->table.watched_ids();
  plan_probes(watched, now);
  plan_turns(watched, now);
  openers_.look_after();
  const std::lock_guard lock(accounts_mutex_);
  const auto gone = [&](const auto& entry) { return !has(watched, entry.first); };
  std::erase_if(accounts_, gone);
  std::erase_if(probe_accounts_, gone);
}

std::optional<Result<std::string>> NodeSampling::answer_of(const Asked& asked) {
  for (AgentSession* session : {&probed_, &sampled_}) {
    if (!session->has(asked.id)) continue;
    if (auto summary = session->summary(asked.id)) return summary;
  }
  if (const auto refused = refused_.find(asked.id); refused != refused_.end())
    return Result<std::string>(std::unexpected(refused->second.error));
  if (loop_.timers().now() < asked.until) return std::nullopt;
  return Result<std::string>(
      fail(ErrorKind::kFailed, "it was not looked at in time: the agent's share of the CPU is small"));
}

void NodeSampling::answer() {
  std::erase_if(asked_, [this](const Asked& asked) {
    auto answer = answer_of(asked);
    if (!answer) return false;
    asked.answer->set_value(*std::move(answer));
    return true;
  });
}

void NodeSampling::work() {
  probed_.tick();
  sampled_.tick();
  if (const MonotonicTime now = loop_.timers().now(); now >= plan_at_) {
    plan();
    plan_at_ = now + kPlanEvery;
  }
  answer();
  schedule();
}

void NodeSampling::schedule() {
  const MonotonicTime now = loop_.timers().now();
  const bool ticks = sampled_.size() != 0 || probed_.size() != 0 || !asked_.empty();
  MonotonicTime next = now + (ticks ? kSessionTick : kPlanEvery);
  if (const auto due = probed_.due_ns()) next = std::min(next, std::max(steady_time(*due), now));
  if (alarm_ && *alarm_ <= next && *alarm_ > now) return;
  alarm_ = next;
  loop_.timers().at(next, [this, next] {
    if (alarm_ != next) return;  // a later call of schedule() meant another time
    alarm_.reset();
    work();
  });
}

}  // namespace gorotrace
