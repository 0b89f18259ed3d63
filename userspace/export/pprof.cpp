#include "export/pprof.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "evidence/dump_groups.h"
#include "export/pprof_builder.h"
#include "report/dump_text.h"

namespace gorotrace {
namespace {

void add(PprofBuilder& profile, const DumpView& view, const StackGroup& group) {
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
  for (const auto& [key, value] : view.labels(g)) labels.emplace_back(key, value);
  profile.sample(locations, std::array{static_cast<std::int64_t>(group.count)}, labels);
}

}  // namespace

Result<std::string> pprof_profile(const DumpView& view, const Selection& selection,
                                  const std::vector<ExecutableMapping>& mappings) {
  PprofBuilder profile(std::array{kGoroutineCount}, kGoroutineCount, mappings);
  for (const StackGroup& group : group_by_stack(view, selection)) add(profile, view, group);
  for (const std::string& note : dump_notes(view, selection)) profile.comment(note);
  return profile.finish(static_cast<std::int64_t>(view.dump().unix_ns), 0);
}

}  // namespace gorotrace
