#include "evidence/waiters.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "waits/wait_names.h"

namespace gorotrace {
namespace {

// Readers and writers of one RWMutex wait on one object.
std::string_view object_kind(const WaitObject& object) {
  const std::string_view kind = wait_kind(object);
  return kind.starts_with("rwmutex") ? "rwmutex" : kind;
}

bool sharable(const WaitObject& object) {
  return !std::holds_alternative<SleepWait>(object.what) && !std::holds_alternative<SyscallWait>(object.what);
}

// Waits for something another goroutine could do, and is not the collector's or scheduler's own affair.
bool may_have_object(const GoroutineSnapshot& g) {
  return g.status == GStatus::kWaiting || g.status == GStatus::kLeaked;
}

}  // namespace

Waiters waiters(const DumpView& view, const Selection& selection) {
  struct Counted {
    WaitedOn row;
    std::map<std::uint32_t, WaitedOn::Stack> stacks;
  };
  std::map<std::pair<std::string_view, std::uint64_t>, Counted> objects;
  Waiters out;
  for (const GoroutineSnapshot* g : selection.goroutines) {
    const GoroutineWaits& waits = view.waits(*g);
    if (waits.objects.empty() && may_have_object(*g)) {
      if (waits.on_nothing) {
        ++out.on_nothing[view.state(*g)];
      } else {
        ++(waits.moved ? out.moved : out.not_found);
      }
    }
    // A select may name a channel in several cases; it waits on it once.
    std::vector<std::pair<std::string_view, std::uint64_t>> seen;
    for (const WaitObject& object : waits.objects) {
      const std::pair key{object_kind(object), wait_address(object)};
      if (!sharable(object) || std::ranges::find(seen, key) != seen.end()) continue;
      seen.push_back(key);
      Counted& counted = objects[key];
      // The readings are of different instants: the last is as good as any, a proven one better.
      if (counted.row.object == nullptr || object.certainty == Certainty::kProven)
        counted.row.object = &object;
      ++counted.row.waiters;
      counted.row.proven += object.certainty == Certainty::kProven ? 1 : 0;
      WaitedOn::Stack& stack = counted.stacks[g->stack];
      ++stack.count;
      stack.example = g;
    }
  }
  for (auto& [key, counted] : objects) {
    for (const auto& [index, stack] : counted.stacks) counted.row.stacks.push_back(stack);
    std::ranges::sort(counted.row.stacks, [](const WaitedOn::Stack& a, const WaitedOn::Stack& b) {
      return a.count != b.count ? a.count > b.count : a.example->stack < b.example->stack;
    });
    out.objects.push_back(std::move(counted.row));
  }
  std::ranges::sort(out.objects, [](const WaitedOn& a, const WaitedOn& b) {
    if (a.waiters != b.waiters) return a.waiters > b.waiters;
    const std::pair left{object_kind(*a.object), wait_address(*a.object)};
    return left < std::pair{object_kind(*b.object), wait_address(*b.object)};
  });
  return out;
}

}  // namespace gorotrace
