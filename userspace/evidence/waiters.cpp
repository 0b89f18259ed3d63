#include "evidence/waiters.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
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

bool in_select(const WaitObject& object) {
  const auto* channel = std::get_if<ChannelWait>(&object.what);
  return channel != nullptr && channel->in_select;
}

bool likely_held(const WaitObject& object) {
  const auto* semaphore = std::get_if<SemaphoreWait>(&object.what);
  return semaphore != nullptr && !semaphore->likely_holders.empty();
}

// More is better.
std::pair<bool, bool> says(const WaitObject& object) {
  const auto* semaphore = std::get_if<SemaphoreWait>(&object.what);
  return {semaphore != nullptr && semaphore->holder_search == HolderSearchEnd::kDone,
          object.certainty == Certainty::kProven};
}

void add(WaitedOn& row, const WaitedOn& one) {
  if (one.oldest_ns && (!row.oldest_ns || *one.oldest_ns > *row.oldest_ns)) {
    row.oldest_ns = one.oldest_ns;
    row.oldest = one.oldest;
  }
  ++row.alike;
  for (const WaitedOn::Stack& stack : one.stacks) {
    const auto same = std::ranges::find(row.stacks, stack.example().stack,
                                        [](const WaitedOn::Stack& s) { return s.example().stack; });
    // Both have the same ones.
    same->waiters.insert(same->waiters.end(), stack.waiters.begin(), stack.waiters.end());
  }
}

// A goroutine in a select waits on several of the objects that look alike.
void count(WaitedOn& row) {
  row.waiters = row.proven = row.in_select = 0;
  for (WaitedOn::Stack& stack : row.stacks) {
    const auto goid = [](const WaitedOn::Waiter& w) { return w.goroutine->goid; };
    std::ranges::sort(stack.waiters, {}, goid);
    const auto again = std::ranges::unique(stack.waiters, {}, goid);
    stack.waiters.erase(again.begin(), again.end());
    row.waiters += stack.waiters.size();
    for (const WaitedOn::Waiter& w : stack.waiters) {
      row.proven += w.proven ? 1 : 0;
      row.in_select += w.in_select ? 1 : 0;
    }
  }
  std::ranges::sort(row.stacks, [](const WaitedOn::Stack& a, const WaitedOn::Stack& b) {
    return a.waiters.size() != b.waiters.size() ? a.waiters.size() > b.waiters.size()
                                                : a.example().stack < b.example().stack;
  });
}

// rows: those with the most waiters first. One whose holder is known says something of its own.
std::vector<WaitedOn> fold_alike(std::vector<WaitedOn> rows) {
  std::map<std::pair<std::string_view, std::set<std::uint32_t>>, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (likely_held(*rows[i].object)) continue;
    std::set<std::uint32_t> stacks;
    for (const WaitedOn::Stack& stack : rows[i].stacks) stacks.insert(stack.example().stack);
    alike[{object_kind(*rows[i].object), std::move(stacks)}].push_back(i);
  }
  std::vector<bool> folded(rows.size());
  for (const auto& [key, members] : alike) {
    if (members.size() < kFewestAlike) continue;
    WaitedOn& first = rows[members.front()];
    for (const std::size_t i : std::span(members).subspan(1)) {
      add(first, rows[i]);
      folded[i] = true;
    }
    count(first);
  }
  std::vector<WaitedOn> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!folded[i]) out.push_back(std::move(rows[i]));
  }
  return out;
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
      // The readings are of different instants: the last is as good as any, a proven one better, and one
      // with the holder of that instant.
      const bool proven = object.certainty == Certainty::kProven;
      if (counted.row.object == nullptr || says(object) > says(*counted.row.object) ||
          (proven && says(object) == says(*counted.row.object)))
        counted.row.object = &object;
      const auto waited = view.waiting_at_least_ns(*g);
      if (waited && (!counted.row.oldest_ns || *waited > *counted.row.oldest_ns)) {
        counted.row.oldest_ns = waited;
        counted.row.oldest = &object;
      }
      counted.stacks[g->stack].waiters.push_back(
          {g, object.certainty == Certainty::kProven, in_select(object)});
    }
  }
  for (auto& [key, counted] : objects) {
    for (auto& [index, stack] : counted.stacks) counted.row.stacks.push_back(std::move(stack));
    count(counted.row);
    out.objects.push_back(std::move(counted.row));
  }
  const auto most_first = [](const WaitedOn& a, const WaitedOn& b) {
    if (a.waiters != b.waiters) return a.waiters > b.waiters;
    const std::pair left{object_kind(*a.object), wait_address(*a.object)};
    return left < std::pair{object_kind(*b.object), wait_address(*b.object)};
  };
  std::ranges::sort(out.objects, most_first);
  out.objects = fold_alike(std::move(out.objects));
  std::ranges::sort(out.objects, most_first);
  return out;
}

}  // namespace gorotrace
