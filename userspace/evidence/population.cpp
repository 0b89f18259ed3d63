// A look at a process, reduced to counts.
#include <map>
#include <utility>

#include "evidence/growth.h"
#include "golang/frame_class.h"

namespace gorotrace {

Population population(const DumpView& view, const Selection& selection) {
  Population out;
  const Dump& dump = view.dump();
  const SnapshotCounts& c = dump.snapshot.counts;
  out.subject = {dump.target, dump.identity};
  out.unix_ns = dump.unix_ns;
  out.conditions = selection.conditions;
  out.goroutines = selection.goroutines.size();
  out.exact = c.not_reached + c.implausible + c.unreadable + c.unproven == 0;
  // Counted by what is cheap to compare first, named after.
  std::map<std::uint32_t, std::pair<std::uint64_t, const GoroutineSnapshot*>> stacks;
  using GoStatement = std::pair<std::uint64_t, std::uint64_t>;
  std::map<GoStatement, std::pair<std::uint64_t, const GoroutineSnapshot*>> sites;
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
  std::map<GoStatement, PlaceCounts*> of_library;
  for (const auto& [key, counted] : sites) {
    const CreationSite site = view.creation(*counted.second);
    std::vector<Frame> places{place(view.start_function(*counted.second), "", 0)};
    if (!site.function.empty()) places.push_back(place(site.function, site.file, site.line));
    if (!site.function.empty() && !is_user_code(site.function)) of_library[key] = &out.ways[places];
    out.sites[std::move(places)] += counted.first;
  }
  if (of_library.empty()) return out;
  for (const GoroutineSnapshot* g : selection.goroutines) {
    const auto site = of_library.find({g->gopc, g->startpc});
    if (site != of_library.end()) ++(*site->second)[view.way(*g)];
  }
  return out;
}

}  // namespace gorotrace
