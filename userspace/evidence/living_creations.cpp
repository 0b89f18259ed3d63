#include "evidence/living_creations.h"

#include <map>
#include <utility>

#include "base/sort_stably.h"

namespace gorotrace {

std::vector<LivingCreation> living_creations(const Selection& selection) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> counts;
  for (const GoroutineSnapshot* g : selection.goroutines) ++counts[{g->startpc, g->goid == 1 ? 0 : g->gopc}];
  std::vector<LivingCreation> out;
  for (const auto& [site, count] : counts) out.push_back({count, site.first, site.second});
  sort_stably(out, std::ranges::greater(), &LivingCreation::count);
  return out;
}

std::vector<Call> creation_calls(const LivingCreation& creation, Symbolizer& symbols) {
  std::vector<Call> out;
  if (creation.startpc != 0)
    out.push_back({creation.startpc, &symbols.frames(creation.startpc, PcKind::kExact)});
  if (creation.gopc != 0)
    out.push_back({creation.gopc - 1, &symbols.frames(creation.gopc, PcKind::kReturnAddress)});
  return out;
}

}  // namespace gorotrace
