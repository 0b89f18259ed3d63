#include "export/goroutine_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "export/recorded_stacks.h"

namespace gorotrace {
namespace {

constexpr std::array<PprofType, 3> kCreationTypes{PprofType{"created", "count"}, PprofType{"live", "count"},
                                                  PprofType{"exited", "count"}};

std::int64_t value(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

// What goroutines of a profile have in common.
struct Alike {
  std::uint64_t stack = 0;    // where they wait; 0: they do not, or it is not known
  std::uint64_t startpc = 0;  // of those without a stack
  GState state = GState::kUnknown;
  LabelId label = kNoLabelAsked;
  auto operator<=>(const Alike&) const = default;
};

// The stack of the go statement's goroutine begins behind what newproc has on it.
bool in_newproc(const Frame& frame) {
  return frame.function.starts_with("runtime.newproc") || frame.function == "runtime.systemstack_switch" ||
         frame.function == "runtime.systemstack";
}

std::vector<ProfileCall> creation_stack(RecordedStacks& stacks, const CreationRow& row, std::uint64_t stack) {
  std::vector<ProfileCall> out;
  if (row.startpc != 0) out.push_back(stacks.call(row.startpc, PcKind::kExact));
  std::vector<ProfileCall> creator = without_leaf(stacks.calls(stack), in_newproc);
  if (creator.empty() && row.gopc != 0) creator.push_back(stacks.call(row.gopc, PcKind::kReturnAddress));
  out.insert(out.end(), creator.begin(), creator.end());
  return out;
}

}  // namespace

Result<std::string> goroutine_profile(RecordedTarget& target, const ProfileTime& time) {
  PprofBuilder profile(std::array{kGoroutineCount}, kGoroutineCount, target.mappings);
  RecordedStacks stacks(target.symbols);
  std::map<Alike, std::uint64_t> counts;
  for (const OpenGoroutine& g : target.open->goroutines) {
    if (g.system) continue;
    Alike alike;
    if (g.wait && g.wait->row.stack != 0) {
      alike.stack = g.wait->row.stack;
      alike.label = g.wait->row.label;
    } else {
      alike.startpc = g.startpc;
      alike.state = g.state;
    }
    ++counts[alike];
  }
  for (const auto& [alike, count] : counts) {
    std::vector<std::uint64_t> locations;
    if (alike.stack != 0) {
      locations = locations_of(profile, stacks.calls(alike.stack));
    } else {
      locations.push_back(
          profile.pseudo_location(fmt::format("[stack unavailable: {}]", name_of(alike.state))));
      if (alike.startpc != 0) {
        const ProfileCall start = stacks.call(alike.startpc, PcKind::kExact);
        locations.push_back(profile.location(start.pc, start.frames));
      }
    }
    profile.sample(locations, std::array{value(count)}, labels_of(target, alike.label));
  }
  if (!target.tables.looked)
    profile.comment("goroutines from before the recording that made no event are missing");
  add_notes(profile, target, TableKind::kGoroutines);
  return profile.finish(time.unix_ns + time.duration_ns, 0);
}

Result<std::string> creation_profile(RecordedTarget& target, const ProfileTime& time) {
  PprofBuilder profile(kCreationTypes, kCreationTypes[0], target.mappings);
  profile.show_first(kCreationTypes[0]);
  RecordedStacks stacks(target.symbols);
  for (const CreationRow& row : target.tables.creation) {
    if (row.system) continue;
    std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> by_stack;  // created, live
    for (const CreationRow::Origin& origin : row.origins) {
      if (origin.links.empty() || origin.links.front().stack == 0) continue;
      auto& [created, live] = by_stack[origin.links.front().stack];
      created += origin.created;
      live += origin.live;
    }
    std::uint64_t created = row.created, live = row.live;
    for (const auto& [stack, of] : by_stack) {
      const std::uint64_t made = std::min(of.first, created), alive = std::min(of.second, live);
      if (made == 0 && alive == 0) continue;
      created -= made;
      live -= alive;
      profile.sample(locations_of(profile, creation_stack(stacks, row, stack)),
                     std::array{value(made), value(alive), value(0)});
    }
    if (created != 0 || live != 0 || row.exited != 0) {
      profile.sample(locations_of(profile, creation_stack(stacks, row, 0)),
                     std::array{value(created), value(live), value(row.exited)});
    }
  }
  add_notes(profile, target, TableKind::kCreation);
  return profile.finish(time.unix_ns, time.duration_ns);
}

}  // namespace gorotrace
