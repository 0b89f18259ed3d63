// The rows of an answer: what the tables hold plus what is open now, clipped to the moment asked for.
#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "base/sort_stably.h"

#include "model/model_impl.h"

namespace gorotrace {
namespace {

void note_oldest(std::optional<std::uint64_t>& oldest, bool& lower_bound, std::uint64_t age, bool bound) {
  // Of equal ages the known one; a bound that is larger than a known age is the oldest still.
  if (oldest && (age < *oldest || (age == *oldest && !lower_bound))) return;
  oldest = age;
  lower_bound = bound;
}

BlockingRow row_of(const BlockingData& data) {
  BlockingRow row;
  row.reason = data.key.reason;
  row.stack = data.key.stack;
  row.in_syscall = data.key.in_syscall;
  row.system = data.key.system;
  row.label = data.key.label;
  row.folded = data.folded;
  row.waits = data.waits;
  row.ended_unknown = data.ended_unknown;
  row.tainted = data.tainted;
  row.in_window_ns = data.in_window_ns;
  row.wakers = data.wakers.top(Model::kTopWakers, &row.wakers_other);
  return row;
}

CreationRow row_of(const CreationData& data) {
  CreationRow row;
  row.gopc = data.gopc;
  row.startpc = data.startpc;
  row.system = data.system;
  for (const OriginData& origin : data.origins) {
    row.origins.push_back({origin.links, origin.created, 0});
    const std::uint64_t stack = origin.links.front().stack;
    if (stack == 0 || origin.created == 0) continue;
    const auto same = std::ranges::find(row.stacks, stack, &CreationRow::Stack::stack);
    if (same != row.stacks.end()) {
      same->created += origin.created;
    } else {
      row.stacks.push_back({stack, origin.created});
    }
  }
  sort_stably(row.stacks, std::greater<>{}, &CreationRow::Stack::created);
  row.live = data.live;
  row.created = data.created;
  row.exited = data.exited;
  row.runnable_ns = data.runnable_ns;
  return row;
}

void most_live_first(CreationRow& row) {
  std::erase_if(row.origins, [](const CreationRow::Origin& o) { return o.created + o.live == 0; });
  sort_stably(row.origins, [](const CreationRow::Origin& a, const CreationRow::Origin& b) {
    return std::tie(b.live, b.created) < std::tie(a.live, a.created);
  });
}

ObjectRow row_of(const ObjectData& data) {
  ObjectRow row;
  row.kind = data.kind;
  row.address = data.address;
  row.waits = data.waits;
  row.selects = data.selects;
  row.in_window_ns = data.in_window_ns;
  row.sends = data.sends;
  row.receives = data.receives;
  row.closes = data.closes;
  row.would_block = data.would_block;
  row.acquires = data.acquires;
  row.releases = data.releases;
  row.waiter_stack = data.waiter_stack;
  row.waiter_reason = data.waiter_reason;
  std::uint64_t other = 0;
  row.releasers = data.releasers.top(Model::kTopWakers, &other);
  return row;
}

}  // namespace

// Without the events that would end it an open wait is known to be the same one up to the last look only: a
// target that is gone was not looked at again.
std::uint64_t Model::Impl::known_until(const Goroutine& g, std::uint64_t at) const {
  const bool seen_to_end = coverage.is_on(g.state == GState::kSyscall ? GT_GROUP_SYSCALL : GT_GROUP_BLOCK);
  if (seen_to_end) return at;
  return g.look == look ? std::min(at, look_began_ns) : std::min(at, g.wait_from_ns);
}

void Model::Impl::fill_rows(Tables& out, std::uint64_t at) const {
  for (const BlockingData& data : blocking.all()) {
    BlockingRow& row = out.blocking.emplace_back(row_of(data));
    if (data.site == kNone) continue;
    row.gopc = creation.all()[data.site].gopc;
    row.startpc = creation.all()[data.site].startpc;
  }
  for (const CreationData& data : creation.all()) out.creation.push_back(row_of(data));
  for (const ObjectData& data : objects.all()) out.objects.push_back(row_of(data));

  goroutines.each([&](const Goroutine& g) {
    if (g.site != kNone) {
      CreationRow& site = out.creation[g.site];
      note_oldest(site.oldest_ns, site.oldest_is_lower_bound, at > g.created_ns ? at - g.created_ns : 0,
                  !g.has(kCreatedSeen));
      if (g.born != Lineage::kNoNode && lineage[g.born].place != Lineage::kNoPlace)
        ++site.origins[lineage[g.born].place].live;
      if (g.state == GState::kRunnable) {
        const std::uint64_t until = g.epoch != epoch ? lost_at(g) : at;
        if (g.epoch == epoch) ++site.runnable_now;
        if (until > g.since_ns) site.runnable_ns += until - g.since_ns;
      }
    }
    if (!g.has(kWaitOpen)) return;
    BlockingRow& row = out.blocking[g.row];
    const bool lost = g.epoch != epoch;
    const std::uint64_t until = lost ? lost_at(g) : at;
    const std::uint64_t in_window = until > g.since_ns ? until - g.since_ns : 0;
    row.in_window_ns += in_window;
    if (g.object != kNone) out.objects[g.object].in_window_ns += in_window;
    if (lost) {
      ++row.tainted;
      return;
    }
    ++row.blocked_now;
    if (g.object != kNone) ++out.objects[g.object].blocked_now;
    const std::uint64_t known = known_until(g, at);
    note_oldest(row.oldest_ns, row.oldest_is_lower_bound, known > g.wait_from_ns ? known - g.wait_from_ns : 0,
                !g.has(kStartSeen));
  });
  for (std::size_t i = 0; i < out.blocking.size(); ++i)
    out.blocking[i].in_window_ns = less(out.blocking[i].in_window_ns, blocking.all()[i].before_ns);
  for (std::size_t i = 0; i < out.creation.size(); ++i)
    out.creation[i].runnable_ns = less(out.creation[i].runnable_ns, creation.all()[i].before_ns);
  for (std::size_t i = 0; i < out.objects.size(); ++i)
    out.objects[i].in_window_ns = less(out.objects[i].in_window_ns, objects.all()[i].before_ns);
  // Positions are the goroutines' until here.
  for (CreationRow& site : out.creation) most_live_first(site);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < out.blocking.size(); ++i) {
    if (!blocking.all()[i].used) continue;
    if (kept != i) out.blocking[kept] = std::move(out.blocking[i]);
    ++kept;
  }
  out.blocking.resize(kept);
  std::erase_if(out.objects, [](const ObjectRow& row) { return row.address == 0; });
  // A site of which a checkpoint told only because it made the creator of one that lives.
  std::erase_if(out.creation, [](const CreationRow& row) {
    return row.live + row.created + row.exited + row.runnable_ns == 0;
  });
}

}  // namespace gorotrace
