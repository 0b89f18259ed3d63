#include "export/thread_profile.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "evidence/traceback.h"
#include "export/pprof_builder.h"
#include "report/thread_text.h"

namespace gorotrace {
namespace {

constexpr PprofType kThreads{"threadcreate", "count"};

void add(PprofBuilder& profile, StackTable& symbols, const ThreadGroup& group, std::int64_t count) {
  const std::vector<std::uint64_t> pcs = known_pcs(*group.stack);
  std::vector<std::uint64_t> locations;
  for (const ProfileCall& call : profile_calls(symbols.calls(pcs)))
    locations.push_back(profile.location(call.frames.front()->pc + symbols.load_bias(), call.frames));
  if (locations.empty()) locations.push_back(profile.pseudo_location("[stack unavailable]"));
  profile.sample(locations, std::array{count});
}

}  // namespace

Result<std::string> thread_profile(const ThreadStacks& stacks, StackTable& symbols,
                                   const std::vector<ExecutableMapping>& mappings) {
  PprofBuilder profile(std::array{kThreads}, kThreads, mappings);
  for (const ThreadGroup& group : thread_groups(stacks))
    add(profile, symbols, group, static_cast<std::int64_t>(group.count));
  return profile.finish(static_cast<std::int64_t>(stacks.unix_ns), 0);
}

Result<std::string> thread_difference(const ThreadStacks& before, const ThreadStacks& after,
                                      StackTable& symbols, const std::vector<ExecutableMapping>& mappings) {
  std::map<std::string, std::pair<ThreadGroup, std::int64_t>> difference;
  for (const auto& [stacks, sign] : {std::pair{&before, -1}, {&after, 1}}) {
    for (const ThreadGroup& group : thread_groups(*stacks)) {
      auto& [example, count] = difference[group.key];
      example = group;
      count += sign * static_cast<std::int64_t>(group.count);
    }
  }
  PprofBuilder profile(std::array{kThreads}, kThreads, mappings);
  for (const auto& [key, counted] : difference) {
    if (counted.second != 0) add(profile, symbols, counted.first, counted.second);
  }
  const auto begin = static_cast<std::int64_t>(before.unix_ns),
             end = static_cast<std::int64_t>(after.unix_ns);
  return profile.finish(end, std::max<std::int64_t>(end - begin, 0));
}

}  // namespace gorotrace
