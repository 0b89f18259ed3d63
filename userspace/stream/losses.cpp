#include "stream/losses.h"

#include <algorithm>

namespace gorotrace {

std::vector<Losses::Lost> Losses::take(const DropCounts& counts, std::uint64_t missing) {
  std::vector<Lost> lost;
  const std::uint64_t until = std::max(counts.at_ns, counts.read_until_ns);
  std::unordered_map<TargetId, std::uint64_t> charged;  // without those that are no more
  for (const auto& [target, total] : counts.of) {
    const auto found = charged_.find(target);
    const std::uint64_t before = found == charged_.end() ? 0 : found->second;
    if (total > before) lost.push_back({target, clean_until_ns_, until, total - before});
    charged[target] = std::max(before, total);
  }
  charged_ = std::move(charged);
  charged_holes_ = missing;
  clean_until_ns_ = std::max(clean_until_ns_, counts.at_ns);
  return lost;
}

std::optional<Losses::Lost> Losses::take_holes(std::uint64_t missing, std::uint64_t from_ns,
                                               std::uint64_t to_ns) {
  // A hole that filled after all makes room for the next.
  const std::uint64_t before = std::exchange(charged_holes_, missing);
  if (missing <= before) return std::nullopt;
  return Lost{std::nullopt, from_ns, to_ns, missing - before};
}

}  // namespace gorotrace
