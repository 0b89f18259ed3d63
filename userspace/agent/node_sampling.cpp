#include "agent/node_sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/overloaded.h"
#include "report/stat_json.h"

namespace gorotrace {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick(Session::kTickMs);
constexpr milliseconds kPlanEvery(500);
constexpr std::chrono::seconds kAccountEvery(10);
// Less than two looks at everybody say little.
constexpr std::uint64_t kLeastLooks = 2;

std::uint64_t process_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

NodeSampling::NodeSampling(std::shared_ptr<NodeState> state, EventLoop loop,
                           std::shared_ptr<Mailbox<Message>> mailbox)
    : state_(std::move(state)), loop_(std::move(loop)), mailbox_(std::move(mailbox)) {}

NodeSampling::~NodeSampling() = default;

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
  session_.reset();
}

void NodeSampling::stop() {
  mailbox_->post(Stop{});
}

Result<std::string> NodeSampling::summary(const std::string& id, std::chrono::milliseconds patience) {
  auto answer = std::make_shared<std::promise<Result<std::string>>>();
  auto future = answer->get_future();
  mailbox_->post(Asked{id, loop_.timers().now() + patience, answer});
  // Its thread may have ended meanwhile, or be busy.
  constexpr milliseconds kOnTheWay(1000);
  if (future.wait_for(patience + kOnTheWay) != std::future_status::ready)
    return fail(ErrorKind::kFailed, "sampling does not answer");
  return future.get();
}

std::map<std::string, SampledFigures> NodeSampling::figures(std::size_t top_sites) {
  std::map<std::string, SampledFigures> out;
  const std::lock_guard lock(accounts_mutex_);
  for (auto& [id, account] : accounts_) out.emplace(id, account.figures(top_sites));
  return out;
}

// The whole process is what its share is about: readings for scrapes go first, turns take what they leave.
bool NodeSampling::affordable(MonotonicTime now) {
  constexpr double kSavedNs = 1e9;  // worth of the share
  double share = 0;
  {
    const std::lock_guard lock(state_->mutex);
    share = state_->agent_percent / 100;
  }
  const std::uint64_t cpu_ns = process_cpu_ns();
  if (credit_at_ != MonotonicTime{}) {
    const auto passed = static_cast<double>(std::chrono::nanoseconds(now - credit_at_).count());
    credit_ns_ += share * passed - static_cast<double>(cpu_ns - credit_cpu_ns_);
    credit_ns_ = std::clamp(credit_ns_, -10 * share * kSavedNs, share * kSavedNs);
  }
  credit_at_ = now;
  credit_cpu_ns_ = cpu_ns;
  return credit_ns_ >= 0;
}

Status NodeSampling::open_session() {
  // A third of the agent's share: the two kinds of readings have the others.
  constexpr double kPart = 1.0 / 3;
  double share = 0;
  {
    const std::lock_guard lock(state_->mutex);
    share = state_->agent_percent / 100 * kPart;
  }
  if (session_ && session_share_ == share) return {};
  if (session_) {  // the configuration was changed: everybody begins again
    std::vector<std::string> all;
    for (const auto& [id, member] : members_) all.push_back(id);
    for (const std::string& id : all) {
      end(id);
      turns_.over(id);
    }
    session_.reset();
  }
  SessionOptions options;
  options.sample_cpu = share;
  auto session = Session::make(options);
  if (!session) return std::unexpected(session.error());
  session_ = *std::move(session);
  session_share_ = share;
  return {};
}

void NodeSampling::begin(const std::string& id) {
  const auto known = state_->table.find(id);
  if (!known || !known->watched) return turns_.over(id);
  members_[id] = std::make_unique<Member>();
  openers_.add(
      [state = state_, mailbox = mailbox_, id, pid = known->info.pid,
       started = known->info.start_time_ticks](const std::stop_token&) {
        auto target = Target::open(TargetName(pid), state->caches.binaries);
        if (target && (*target)->process().start_time_ticks() != started)
          target = fail(ErrorKind::kNoProcess, fmt::format("process {} has ended", pid));
        mailbox->post(Opened{id, std::move(target)});
      },
      std::stop_source());
}

void NodeSampling::take_opened(Opened opened) {
  const auto member = members_.find(opened.id);
  if (member == members_.end() || member->second->target) return;  // it is over, or was begun again
  Status added = opened.target ? open_session() : Status(std::unexpected(opened.target.error()));
  if (added && members_.contains(opened.id)) {
    auto target = session_->add(*std::move(opened.target));
    if (target) {
      member->second->target = *target;
      refused_.erase(opened.id);
      return;
    }
    added = std::unexpected(target.error());
  }
  if (!added) refused_.insert_or_assign(opened.id, added.error());
  members_.erase(opened.id);
  turns_.over(opened.id);
}

void NodeSampling::account(const std::string& id, bool last) {
  const auto member = members_.find(id);
  if (member == members_.end() || !member->second->target) return;
  const TargetId target = *member->second->target;
  const auto tables = session_->tables(target);
  if (!tables || (!tables->looked && tables->covered_by_sampling.empty())) return;
  const StatFacts facts = session_->facts(target);
  const std::lock_guard lock(accounts_mutex_);
  SampledAccount& account = accounts_[id];
  account.take(facts, *tables, session_->symbols(target));
  if (last) account.end_turn();
}

void NodeSampling::end(const std::string& id) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  if (member->second->target) {
    session_->end(*member->second->target);
    account(id, true);
    session_->remove(*member->second->target);
  }
  members_.erase(id);
}

void NodeSampling::plan() {
  const MonotonicTime now = loop_.timers().now();
  const std::vector<std::string> present = state_->table.watched_ids();
  std::erase_if(refused_,
                [&](const auto& entry) { return !std::ranges::binary_search(present, entry.first); });
  for (const Asked& asked : asked_) {
    if (std::ranges::binary_search(present, asked.id) && !turns_.want(asked.id, now))
      refused_.insert_or_assign(
          asked.id, Error{ErrorKind::kFailed, "too many processes are looked at by others; ask again later"});
  }
  const SamplingTurns::Change change = turns_.plan(present, now, affordable(now));
  for (const std::string& id : change.end) end(id);
  {
    const std::lock_guard lock(accounts_mutex_);
    std::erase_if(accounts_,
                  [&](const auto& entry) { return !std::ranges::binary_search(present, entry.first); });
  }
  for (const std::string& id : change.begin) begin(id);
  if (members_.empty()) session_.reset();
  openers_.look_after();
}

std::optional<Result<std::string>> NodeSampling::answer_of(const Asked& asked) {
  const auto member = members_.find(asked.id);
  if (member == members_.end()) {
    if (const auto refused = refused_.find(asked.id); refused != refused_.end())
      return Result<std::string>(std::unexpected(refused->second));
  } else if (member->second->target) {
    const TargetId target = *member->second->target;
    if (const auto& contradiction = session_->contradiction(target))
      return Result<std::string>(std::unexpected(*contradiction));
    StatFacts facts = session_->facts(target);
    if (facts.sampling && facts.sampling->looks >= kLeastLooks) {
      const auto tables = session_->tables(target);
      if (!tables) return Result<std::string>(std::unexpected(tables.error()));
      if (facts.end_ns == 0) facts.end_ns = tables->at_ns;
      StatJsonOptions options;
      options.most_rows = kMostRows;
      return json_text([&](JsonWriter& out) {
        stat_summary_json(out, facts, *tables, session_->symbols(target), member->second->stacks, options);
      });
    }
  }
  if (loop_.timers().now() < asked.until) return std::nullopt;
  return Result<std::string>(
      fail(ErrorKind::kFailed, "it was not seen in time: the agent's share of the CPU is small"));
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
  const MonotonicTime now = loop_.timers().now();
  if (session_) session_->tick();
  if (now >= plan_at_) {
    plan();
    plan_at_ = now + kPlanEvery;
  }
  if (now >= account_at_) {
    for (const auto& [id, member] : members_) account(id, false);
    account_at_ = now + kAccountEvery;
  }
  answer();
  schedule();
}

void NodeSampling::schedule() {
  const MonotonicTime now = loop_.timers().now();
  const MonotonicTime next = now + (session_ || !asked_.empty() ? kTick : kPlanEvery);
  if (alarm_ && *alarm_ <= next && *alarm_ > now) return;
  alarm_ = next;
  loop_.timers().at(next, [this, next] {
    if (alarm_ != next) return;  // a later call of schedule() meant another time
    alarm_.reset();
    work();
  });
}

}  // namespace gorotrace
