#include "export/thread_profile.h"

#include <array>

#include "evidence/traceback.h"
#include "export/pprof_builder.h"
#include "report/thread_text.h"

namespace gorotrace {

Result<std::string> thread_profile(const ThreadStacks& stacks, StackTable& symbols,
                                   const std::vector<ExecutableMapping>& mappings) {
  constexpr PprofType kType{"threadcreate", "count"};
  PprofBuilder profile(std::array{kType}, kType, mappings);
  for (const ThreadGroup& group : thread_groups(stacks)) {
    const std::vector<std::uint64_t> pcs = known_pcs(*group.stack);
    std::vector<std::uint64_t> locations;
    for (const ProfileCall& call : profile_calls(symbols.calls(pcs)))
      locations.push_back(profile.location(call.frames.front()->pc + symbols.load_bias(), call.frames));
    if (locations.empty()) locations.push_back(profile.pseudo_location("[stack unavailable]"));
    profile.sample(locations, std::array{static_cast<std::int64_t>(group.count)});
  }
  return profile.finish(static_cast<std::int64_t>(stacks.unix_ns), 0);
}

}  // namespace gorotrace
