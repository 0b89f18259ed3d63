#include "export/folded.h"

#include <fmt/format.h>

#include <map>
#include <span>
#include <string>

#include "base/plural.h"
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
    const auto append = [&](std::span<const Call> calls) {
      const std::vector<const Frame*> frames = profile_frames(calls);
      for (auto it = frames.rbegin(); it != frames.rend(); ++it) {
        if ((*it)->function != "runtime.goexit") append_folded(line, (*it)->function);
      }
    };
    const StackSet::Gap gap = view.gap(*group.example);
    const bool both_ends = gap.calls > 0 && gap.at < stack.size();
    if (both_ends) {
      append(std::span(stack).subspan(gap.at));
      append_folded(line, fmt::format("[{} left out]", plural(gap.calls, "call")));
    }
    append(std::span(stack).first(both_ends ? gap.at : stack.size()));
    lines[line] += group.count;
  }
  for (const auto& [line, count] : lines) sink(fmt::format("{} {}\n", line, count));
}

}  // namespace gorotrace
