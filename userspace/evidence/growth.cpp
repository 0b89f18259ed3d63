#include "evidence/growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>

#include "base/sort_stably.h"

namespace gorotrace {
namespace {

// Both are sorted.
std::vector<std::string> without(const std::vector<std::string>& all,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> out;
  std::ranges::set_difference(all, others, std::back_inserter(out));
  return out;
}

}  // namespace

Frame place(std::string function, std::string file, int line) {
  Frame f;
  f.function = std::move(function);
  f.file = std::move(file);
  f.line = line;
  return f;
}

Frame no_stack(std::string_view why) {
  return place(fmt::format("[stack unavailable: {}]", why), "", 0);
}

bool PlaceLess::operator()(const std::vector<Frame>& a, const std::vector<Frame>& b) const {
  return std::ranges::lexicographical_compare(a, b, [](const Frame& x, const Frame& y) {
    return std::tie(x.function, x.line, x.file) < std::tie(y.function, y.line, y.file);
  });
}

void GrowthTracker::follow(Tracks& tracks, const PlaceCounts& counts, bool first_look) {
  for (auto& [places, track] : tracks) {
    const auto it = counts.find(places);
    const std::uint64_t now = it == counts.end() ? 0 : it->second;
    track.never_shrank = track.never_shrank && now >= track.last;
    track.last = now;
  }
  for (const auto& [places, count] : counts)
    tracks.try_emplace(places, Track{first_look ? count : 0, count, true});
}

void GrowthTracker::add(const Population& look) {
  const bool first_look = so_far_.looks++ == 0;
  if (first_look) {
    so_far_.from_unix_ns = look.unix_ns;
    so_far_.first = look.goroutines;
    so_far_.from = look.subject;
    conditions_ = look.conditions;
  }
  so_far_.to_unix_ns = look.unix_ns;
  so_far_.last = look.goroutines;
  so_far_.to = look.subject;
  so_far_.two_processes = relation(so_far_.from, so_far_.to) != SubjectRelation::kSameProcess;
  so_far_.exact = so_far_.exact && look.exact;
  if (conditions_ && look.conditions) {
    so_far_.only_before = without(*conditions_, *look.conditions);
    so_far_.only_after = without(*look.conditions, *conditions_);
  }
  follow(stacks_, look.stacks, first_look);
  follow(sites_, look.sites, first_look);
  ways_ = look.ways;
}

std::size_t GrowthTracker::collect(const Tracks& tracks, std::vector<Grown>& grown) {
  std::size_t shrunk = 0;
  for (const auto& [places, track] : tracks) {
    if (track.last > track.first) grown.push_back({places, track.first, track.last, track.never_shrank});
    if (track.last < track.first) ++shrunk;
  }
  std::ranges::sort(grown, [](const Grown& a, const Grown& b) {
    const std::uint64_t more = a.last - a.first, less = b.last - b.first;
    return more != less ? more > less : PlaceLess{}(a.places, b.places);
  });
  return shrunk;
}

Growth GrowthTracker::result() const {
  Growth out = so_far_;
  out.stacks_shrunk = collect(stacks_, out.stacks);
  out.sites_shrunk = collect(sites_, out.sites);
  for (Grown& site : out.sites) {
    const auto ways = ways_.find(site.places);
    if (ways == ways_.end()) continue;
    for (const auto& [frames, count] : ways->second) site.ways.push_back({frames, count});
    sort_stably(site.ways, std::ranges::greater{}, &CountedWay::count);
  }
  return out;
}

}  // namespace gorotrace
