#include "export/living_creations.h"

#include <array>

#include "evidence/living_creations.h"
#include "export/pprof_builder.h"
#include "report/dump_text.h"

namespace gorotrace {

Result<std::string> living_profile(const DumpView& view, const Selection& selection, StackTable& symbols,
                                   const std::vector<ExecutableMapping>& mappings) {
  constexpr PprofType kCreated{"goroutinecreate", "count"};
  PprofBuilder profile(std::array{kCreated}, kCreated, mappings);
  for (const LivingCreation& creation : living_creations(selection)) {
    std::vector<std::uint64_t> locations;
    for (const Call& call : creation_calls(creation, symbols)) {
      std::vector<const Frame*> frames;
      for (const Frame& frame : *call.frames) frames.push_back(&frame);
      locations.push_back(profile.location(call.pc, frames));
    }
    if (locations.empty()) locations.push_back(profile.pseudo_location("[stack unavailable]"));
    profile.sample(locations, std::array{static_cast<std::int64_t>(creation.count)});
  }
  for (const std::string& note : dump_notes(view, selection)) profile.comment(note);
  return profile.finish(static_cast<std::int64_t>(view.dump().unix_ns), 0);
}

}  // namespace gorotrace
