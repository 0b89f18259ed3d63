#include "agent/sampling_turns.h"

#include <algorithm>
#include <set>

namespace gorotrace {

bool SamplingTurns::want(const std::string& id, MonotonicTime now) {
  Entry& entry = entries_[id];
  if (!entry.wanted_until && wanted() >= limits_.wanted) return false;
  entry.wanted_until = now + limits_.wanted_for;
  return true;
}

std::size_t SamplingTurns::wanted() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& e) { return e.second.wanted_until.has_value(); }));
}

std::size_t SamplingTurns::in_turn() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      entries_, [](const auto& e) { return e.second.since.has_value() && !e.second.wanted_until; }));
}

std::size_t SamplingTurns::sampled() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& e) { return e.second.since.has_value(); }));
}

bool SamplingTurns::sampled(const std::string& id) const {
  const auto at = entries_.find(id);
  return at != entries_.end() && at->second.since.has_value();
}

void SamplingTurns::end(Entry& entry) {
  entry.since.reset();
  entry.served = ++turns_;
}

void SamplingTurns::over(const std::string& id) {
  if (const auto at = entries_.find(id); at != entries_.end()) end(at->second);
}

SamplingTurns::Change SamplingTurns::plan(const std::vector<std::string>& present, MonotonicTime now,
                                          bool may_begin) {
  Change change;
  const std::set<std::string> there(present.begin(), present.end());
  std::erase_if(entries_, [&](const auto& e) {
    if (there.contains(e.first)) return false;
    if (e.second.since) change.end.push_back(e.first);
    return true;
  });
  for (const std::string& id : present) entries_.try_emplace(id);

  std::size_t waiting = 0;
  for (auto& [id, entry] : entries_) {
    if (entry.wanted_until && *entry.wanted_until <= now) {
      entry.wanted_until.reset();
      entry.since = entry.since ? std::optional(now) : std::nullopt;  // a turn like others from here on
    }
    if (!entry.since && entry.wanted_until) {
      entry.since = now;
      change.begin.push_back(id);
    }
    if (!entry.since) ++waiting;
  }
  if (waiting == 0) return change;

  // Whose turn is over goes for those who wait; where all have room at once nobody goes.
  std::size_t going_on = in_turn();
  for (auto& [id, entry] : entries_) {
    const bool over = entry.since && !entry.wanted_until && now - *entry.since >= limits_.turn;
    if (!over || going_on + waiting <= limits_.in_turn) continue;
    end(entry);
    change.end.push_back(id);
    --going_on;
  }
  if (!may_begin || going_on >= limits_.in_turn) return change;
  auto next = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    const bool ended_now = std::ranges::find(change.end, at->first) != change.end.end();
    if (at->second.since || ended_now) continue;
    if (next == entries_.end() || at->second.served < next->second.served) next = at;
  }
  if (next == entries_.end()) return change;
  next->second.since = now;
  change.begin.push_back(next->first);
  return change;
}

}  // namespace gorotrace
