#include "agent/sampled_account.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "evidence/trust.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMostCreators = 512;  // remembered

std::string function_of(const std::vector<Frame>& frames) {
  const Frame* frame = naming_frame(frames);
  return frame != nullptr ? frame->function : "unknown";
}

std::string reason_of(const BlockingRow& row, const StatFacts& facts) {
  return row.in_syscall ? "syscall" : reason_name(row, facts);
}

// The greatest so many as they are, the others as one.
void bound(std::map<std::string, std::uint64_t>& counts, std::size_t most) {
  if (counts.size() <= most) return;
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (const auto& [name, count] : counts) order.emplace_back(count, name);
  std::ranges::sort(order, std::greater());
  std::uint64_t others = 0;
  for (std::size_t i = most; i < order.size(); ++i) {
    others += order[i].first;
    counts.erase(order[i].second);
  }
  counts[kOtherSite] += others;
}

}  // namespace

SampledAccount::Site* SampledAccount::site(const WaitSite& name) {
  const auto at = sites_.find(name);
  if (at != sites_.end()) return &at->second;
  return sites_.size() < kMostSites ? &sites_[name] : nullptr;
}

void SampledAccount::take(const StatFacts& facts, const Tables& tables, Symbolizer& symbols) {
  std::map<WaitSite, std::uint64_t> turn;
  last_ = {};
  last_.at_ns = tables.at_ns;
  for (const BlockingRow& row : tables.blocking) {
    if (row.system) continue;
    const std::string reason = reason_of(row, facts);
    turn[{reason, function_of(symbols.stack(row.stack))}] += row.in_window_ns;
    if (row.blocked_now == 0) continue;
    const char* state = row.in_syscall ? name_of(GState::kSyscall) : name_of(GState::kWaiting);
    last_.in_state[{state, reason}] += row.blocked_now;
    if (row.oldest_ns) last_.oldest_ns[reason] = std::max(last_.oldest_ns[reason], *row.oldest_ns);
  }
  for (const GState state : {GState::kRunning, GState::kRunnable, GState::kAwake}) {
    if (const std::uint64_t count = tables.in_state[static_cast<std::size_t>(state)]; count != 0)
      last_.in_state[{name_of(state), ""}] = count;
  }
  for (const CreationRow& row : tables.creation) {
    if (row.system || row.live == 0) continue;
    // No go statement made goroutine 1.
    const Frame& start = symbols.frames(row.startpc, PcKind::kExact).back();
    const std::string site = is_main_goroutine(start)
                                 ? start.function
                                 : function_of(symbols.frames(row.gopc, PcKind::kReturnAddress));
    last_.live_by_site[site] += row.live;
  }
  bound(last_.live_by_site, kMostCreators);

  // An estimate may come out lower than it did before; a counter may not.
  std::uint64_t rest = 0;
  for (const auto& [name, ns] : turn) {
    if (Site* to = site(name)) {
      to->turn_ns = std::max(to->turn_ns, ns);
    } else {
      rest += ns;
    }
  }
  rest_.turn_ns = std::max(rest_.turn_ns, rest);

  std::uint64_t covered = 0;
  for (const Interval& part : tables.covered_by_sampling) covered += part.to_ns - part.from_ns;
  // Between phases of probes sampling goes on, and a wait that spans both and what lies between is one.
  if (facts.requested != 0) covered = since(tables.at_ns, facts.begin_ns);
  covered_ns_ = std::max(covered_ns_, covered);
  if (facts.sampling) cpu_ns_ = facts.sampling->cpu_ns;
}

void SampledAccount::end_turn() {
  for (auto& [name, site] : sites_) site.before_ns += std::exchange(site.turn_ns, 0);
  rest_.before_ns += std::exchange(rest_.turn_ns, 0);
  covered_before_ns_ += std::exchange(covered_ns_, 0);
  cpu_before_ns_ += std::exchange(cpu_ns_, 0);
}

std::uint64_t SampledAccount::blocked() const {
  std::uint64_t out = 0;
  for (const auto& [name, count] : last_.in_state) {
    if (name.first == name_of(GState::kWaiting) || name.first == name_of(GState::kSyscall)) out += count;
  }
  return out;
}

SampledFigures SampledAccount::figures(std::size_t top_sites) {
  std::size_t given = 0;
  std::vector<std::pair<std::uint64_t, Site*>> free;
  for (auto& [name, site] : sites_) {
    if (site.given_at_ns) {
      ++given;
    } else if (site.sum() != 0) {
      free.emplace_back(site.sum(), &site);
    }
  }
  std::ranges::sort(free, [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < free.size() && given < top_sites; ++i, ++given)
    free[i].second->given_at_ns = gave_ ? free[i].first : 0;
  gave_ = gave_ || given != 0 || !free.empty();

  SampledFigures out = last_;
  out.covered_ns = covered_before_ns_ + covered_ns_;
  bound(out.live_by_site, top_sites);
  std::uint64_t others = rest_.sum();
  for (const auto& [name, site] : sites_) {
    others += site.given_at_ns ? *site.given_at_ns : site.sum();
    if (site.given_at_ns) out.waited_ns[name] = site.sum() - *site.given_at_ns;
  }
  if (others != 0) out.waited_ns[{kOtherSite, kOtherSite}] = others;
  return out;
}

}  // namespace gorotrace
