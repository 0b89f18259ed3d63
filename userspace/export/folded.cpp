#include "export/folded.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "evidence/dump_groups.h"
#include "export/folded_line.h"

namespace gorotrace {
void folded_stacks(const DumpView& view, const Selection& selection, const TextSink& sink) {
  std::map<std::string, std::uint64_t> lines;
  for (const StackGroup& group : group_by_stack(view, selection)) {
    std::string line;
    if (const std::string_view why = missing_stack(*group.example); !why.empty()) {
      if (std::string start = view.start_function(*group.example); !start.empty())
        append_folded(line, std::move(start));
      append_folded(line, fmt::format("[stack unavailable: {}]", why));
    }
    const std::vector<Call> stack = view.stack(*group.example);
    const std::vector<const Frame*> frames = profile_frames(stack);
    for (auto it = frames.rbegin(); it != frames.rend(); ++it) {
      if ((*it)->function != "runtime.goexit") append_folded(line, (*it)->function);
    }
    lines[line] += group.count;
  }
  for (const auto& [line, count] : lines) sink(fmt::format("{} {}\n", line, count));
}

}  // namespace gorotrace
