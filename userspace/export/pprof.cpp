#include "export/pprof.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "base/text.h"
#include "evidence/dump_groups.h"
#include "export/pprof_builder.h"
#include "report/dump_text.h"

namespace gorotrace {
namespace {

void add(PprofBuilder& profile, const DumpView& view, const StackGroup& group, std::int64_t count) {
  const GoroutineSnapshot& g = *group.example;
  std::vector<std::uint64_t> locations;
  if (const std::string_view why = missing_stack(g); !why.empty()) {
    locations.push_back(profile.pseudo_location(fmt::format("[stack unavailable: {}]", why)));
    if (const std::string& start = view.start_function(g); !start.empty())
      locations.push_back(profile.pseudo_location(start));
  }
  for (const ProfileCall& call : profile_calls(view.stack(g))) {
    if (call.frames.front()->function != "runtime.goexit")
      locations.push_back(profile.location(call.frames.front()->pc + view.load_bias(), call.frames));
  }
  PprofLabels labels;
  for (const auto& [key, value] : view.labels(g)) labels.emplace_back(printable(key), printable(value));
  profile.sample(locations, std::array{count}, labels);
}

// Of goroutines that one sample counts.
std::string key_of(const DumpView& view, const StackGroup& group) {
  std::string key = profile_key(profile_frames(view.stack(*group.example)), view.load_bias());
  key += fmt::format("\n{}\n{}", group.labels, missing_stack(*group.example));
  return key;
}

}  // namespace

Result<std::string> pprof_profile(const DumpView& view, const Selection& selection,
                                  const std::vector<ExecutableMapping>& mappings) {
  PprofBuilder profile(std::array{kGoroutineCount}, kGoroutineCount, mappings);
  for (const StackGroup& group : group_by_stack(view, selection))
    add(profile, view, group, static_cast<std::int64_t>(group.count));
  for (const std::string& note : dump_notes(view, selection)) profile.comment(note);
  return profile.finish(static_cast<std::int64_t>(view.dump().unix_ns), 0);
}

Result<std::string> pprof_difference(const PprofLook& before, const PprofLook& after,
                                     const std::vector<ExecutableMapping>& mappings) {
  struct Counted {
    const DumpView* view;
    const StackGroup* group;
    std::int64_t count;
  };
  const std::vector<StackGroup> first = group_by_stack(before.view, before.selection),
                                second = group_by_stack(after.view, after.selection);
  std::map<std::string, Counted> difference;
  for (const StackGroup& group : first)
    difference[key_of(before.view, group)] = {&before.view, &group, -static_cast<std::int64_t>(group.count)};
  for (const StackGroup& group : second)
    difference.try_emplace(key_of(after.view, group), Counted{&after.view, &group, 0}).first->second.count +=
        static_cast<std::int64_t>(group.count);
  PprofBuilder profile(std::array{kGoroutineCount}, kGoroutineCount, mappings);
  for (const auto& [key, counted] : difference) {
    if (counted.count != 0) add(profile, *counted.view, *counted.group, counted.count);
  }
  for (const PprofLook& look : {before, after}) {
    for (const std::string& note : dump_notes(look.view, look.selection)) profile.comment(note);
  }
  const auto begin = static_cast<std::int64_t>(before.view.dump().unix_ns),
             end = static_cast<std::int64_t>(after.view.dump().unix_ns);
  return profile.finish(end, std::max<std::int64_t>(end - begin, 0));
}

}  // namespace gorotrace
