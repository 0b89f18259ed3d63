#include "report/living_text.h"

#include <fmt/format.h>

#include <vector>

#include "evidence/dump_groups.h"
#include "evidence/living_creations.h"
#include "report/stack_record.h"

namespace gorotrace {

void living_text(const DumpView& view, const Selection& selection, StackTable& symbols,
                 const TextSink& sink) {
  sink(fmt::format("goroutinecreate profile: total {}\n", selection.goroutines.size()));
  for (const LivingCreation& creation : living_creations(selection)) {
    std::vector<const Frame*> frames;
    for (const Call& call : creation_calls(creation, symbols)) {
      for (const Frame& frame : *call.frames) frames.push_back(&frame);
    }
    const std::uint64_t bias = symbols.load_bias();
    sink(fmt::format("{} {}\n{}", creation.count, profile_key(frames, bias),
                     frames.empty() ? "#\t0x0\n\n" : stack_record(frames, bias, view.dump().version)));
  }
}

}  // namespace gorotrace
