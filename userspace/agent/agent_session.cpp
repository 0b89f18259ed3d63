#include "agent/agent_session.h"

#include <utility>

#include "base/json_writer.h"
#include "report/stat_json.h"

namespace gorotrace {
namespace {

constexpr std::chrono::seconds kFirstTold(1), kToldEvery(10), kBetweenEnds(10);
// Less than two looks say little.
constexpr std::uint64_t kLeastLooks = 2;

bool seen_enough(const StatFacts& facts) {
  return facts.sampling ? facts.sampling->looks >= kLeastLooks : facts.on_at_end != 0;
}

}  // namespace

AgentSession::~AgentSession() {
  close();
}

Status AgentSession::open(const SessionOptions& options) {
  auto session = Session::make(options);
  if (!session) return std::unexpected(session.error());
  session_ = *std::move(session);
  urgent_fd_ = session_->urgent_fd();
  if (urgent_fd_ < 0) return {};
  auto watched = loop_.on_readable(urgent_fd_, [this] { session_->tick(); });
  if (!watched) close();
  return watched;
}

void AgentSession::close() {
  for (const std::string& id : ids()) end(id);
  if (urgent_fd_ >= 0) loop_.forget(std::exchange(urgent_fd_, -1));
  session_.reset();
}

Status AgentSession::add(const std::string& id, std::unique_ptr<Target> target) {
  session_->expect(*target);
  const auto added = session_->add(std::move(target));
  if (!added) return std::unexpected(added.error());
  auto member = std::make_unique<Member>(*added);
  member->begun_at = loop_.timers().now();
  member->told_at = member->begun_at + kFirstTold;
  members_.insert_or_assign(id, std::move(member));
  return {};
}

bool AgentSession::end(const std::string& id) {
  const auto at = members_.find(id);
  if (at == members_.end()) return true;
  const TargetId target = at->second->target;
  session_->end(target);
  tell(id, *at->second, true);
  const bool held_up = session_->held_up(target);
  session_->remove(target);
  members_.erase(at);
  return !held_up;
}

std::vector<std::string> AgentSession::ids() const {
  std::vector<std::string> out;
  for (const auto& [id, member] : members_) out.push_back(id);
  return out;
}

void AgentSession::tell(const std::string& id, const Member& member, bool last) {
  const auto tables = session_->tables(member.target);
  if (tables) seen_(id, session_->facts(member.target), *tables, session_->symbols(member.target), last);
}

void AgentSession::tick() {
  if (!session_) return;
  session_->tick();
  const MonotonicTime now = loop_.timers().now();
  for (const auto& [id, member] : members_) {
    if (now < member->told_at || !session_->refresh(member->target)) continue;
    tell(id, *member, false);
    member->told_at = now + kToldEvery;
  }
  // Letting go of a target takes seconds where many events are on their way: one at a time, with a pause.
  for (const std::string& id : ids()) {
    if (now - members_.at(id)->begun_at < longest_window_ || now - window_ended_at_ < kBetweenEnds) continue;
    end(id);
    window_ended_at_ = loop_.timers().now();
  }
}

std::optional<std::uint64_t> AgentSession::due_ns() const {
  return session_ ? session_->due_ns() : std::nullopt;
}

void AgentSession::cap_budgets(double cpus) {
  for (const auto& [id, member] : members_) session_->cap_budget(member->target, cpus);
}

std::optional<Result<std::string>> AgentSession::summary(const std::string& id) {
  const Member& member = *members_.at(id);
  if (const auto& contradiction = session_->contradiction(member.target))
    return Result<std::string>(std::unexpected(*contradiction));
  if (!session_->refresh(member.target)) return std::nullopt;
  StatFacts facts = session_->facts(member.target);
  if (!seen_enough(facts)) return std::nullopt;
  const auto tables = session_->tables(member.target);
  if (!tables) return Result<std::string>(std::unexpected(tables.error()));
  Symbolizer& symbols = session_->symbols(member.target);
  seen_(id, facts, *tables, symbols, false);
  if (facts.end_ns == 0) facts.end_ns = tables->at_ns;
  StatJsonOptions options;
  options.most_rows = kMostRows;
  StackNumbers& stacks = members_.at(id)->stacks;
  return json_text(
      [&](JsonWriter& out) { stat_summary_json(out, facts, *tables, symbols, stacks, options); });
}

}  // namespace gorotrace
