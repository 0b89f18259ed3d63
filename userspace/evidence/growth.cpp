#include "evidence/growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace gorotrace {
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

Population population(const DumpView& view, const Selection& selection) {
  Population out;
  const Dump& dump = view.dump();
  const SnapshotCounts& c = dump.snapshot.counts;
  out.subject = {dump.target, dump.identity};
  out.unix_ns = dump.unix_ns;
  out.goroutines = selection.goroutines.size();
  out.exact = c.not_reached + c.implausible + c.unreadable + c.unproven == 0;
  // Counted by what is cheap to compare first, named after.
  std::map<std::uint32_t, std::pair<std::uint64_t, const GoroutineSnapshot*>> stacks;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::pair<std::uint64_t, const GoroutineSnapshot*>> sites;
  for (const GoroutineSnapshot* g : selection.goroutines) {
    if (const std::string_view why = missing_stack(*g); !why.empty()) {
      ++out.stacks[{no_stack(why)}];
    } else {
      auto& [count, example] = stacks[g->stack];
      ++count;
      example = g;
    }
    auto& [count, example] = sites[{g->gopc, g->startpc}];
    ++count;
    example = g;
  }
  for (const auto& [index, counted] : stacks) {
    std::vector<Frame> frames;
    for (const Call& call : view.stack(*counted.second)) {
      for (const Frame& f : *call.frames) frames.push_back(place(f.function, f.file, f.line));
    }
    out.stacks[std::move(frames)] += counted.first;
  }
  for (const auto& [key, counted] : sites) {
    const CreationSite site = view.creation(*counted.second);
    std::vector<Frame> places{place(view.start_function(*counted.second), "", 0)};
    if (!site.function.empty()) places.push_back(place(site.function, site.file, site.line));
    out.sites[std::move(places)] += counted.first;
  }
  return out;
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
  }
  so_far_.to_unix_ns = look.unix_ns;
  so_far_.last = look.goroutines;
  so_far_.to = look.subject;
  so_far_.two_processes = relation(so_far_.from, so_far_.to) != SubjectRelation::kSameProcess;
  so_far_.exact = so_far_.exact && look.exact;
  follow(stacks_, look.stacks, first_look);
  follow(sites_, look.sites, first_look);
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
  return out;
}

}  // namespace gorotrace
