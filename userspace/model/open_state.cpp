// What a model knows at a moment, as plain data.
#include "model/open_state.h"

#include <algorithm>
#include <utility>

#include "model/model_impl.h"

namespace gorotrace {
namespace {

// Between a goroutine's cache miss being asked for and the goroutine: in the order of goids each is one.
constexpr std::size_t kAhead = 12;

}  // namespace

Goroutine Model::Impl::settled(const Goroutine& g) const {
  Goroutine out = g;
  if (g.epoch == epoch) return out;
  out.state = GState::kUnknown;
  out.since_ns = std::max(g.since_ns, forgotten_at.back());
  out.row = out.object = kNone;
  out.drop(kWaitOpen | kStartSeen | kFromMemory | kWoken | kSemaphore);
  return out;
}

// Of a settled one.
void Model::Impl::describe(const Goroutine& g, OpenGoroutine& out) const {
  out.goid = g.goid;
  out.since_ns = g.since_ns;
  out.last_ns = g.last_ns;
  out.created_ns = g.created_ns;
  out.state = g.state;
  out.created_seen = g.has(kCreatedSeen);
  out.counted = g.has(kCounted);
  out.from_memory = g.has(kFromMemory);
  out.woken = g.has(kWoken);
  out.system = g.has(kSystem);
  out.of_c_thread = g.has(kExtra);
  out.in_last_look = look != 0 && g.look == look;
  if (g.site != kNone) {
    out.gopc = creation.all()[g.site].gopc;
    out.startpc = creation.all()[g.site].startpc;
  }
  if (g.has(kWaitOpen)) {
    OpenStay& wait = out.wait.emplace();
    wait.row = blocking.all()[g.row].key;
    wait.from_ns = g.wait_from_ns;
    wait.park_seen = g.has(kStartSeen);
    if (g.object != kNone) wait.object = {objects.all()[g.object].kind, objects.all()[g.object].address};
  }
  if (g.has(kSemaphore)) out.semaphore = semaphores.at(g.goid);
  if (g.epoch != epoch || label_runs.empty()) return;
  if (const auto run = label_runs.find(g.goid); run != label_runs.end())
    out.labels = {run->second.labels, run->second.since_ns, run->second.label};
}

// Position of the node in `out`, behind those above it. places: of each node that is there already.
std::uint32_t Model::Impl::describe_lineage(std::uint32_t node, std::vector<OpenCreation>& out,
                                            std::vector<std::uint32_t>& places) const {
  std::vector<std::uint32_t> missing;
  for (; node != Lineage::kNoNode && places[node] == kNone; node = lineage[node].up) missing.push_back(node);
  std::uint32_t up = node == Lineage::kNoNode ? kNone : places[node];
  for (; !missing.empty(); missing.pop_back()) {
    const Lineage::Node& n = lineage[missing.back()];
    const CreationData& site = creation.all()[n.site];
    places[missing.back()] = static_cast<std::uint32_t>(out.size());
    out.push_back({n.goid, n.creator, n.stack, site.gopc, site.startpc, up});
    up = places[missing.back()];
  }
  return up;
}

OpenState Model::Impl::open_state(std::uint64_t at_ns) const {
  OpenState out;
  out.at_ns = std::max(at_ns, now);
  out.told_ns = now;
  out.lossy_until_ns = lossy_until;
  if (window_open) out.window_from_ns = window_from;
  if (look != 0) out.last_look_ns = look_began_ns;
  out.all_looked_at = snapshot_seen;
  out.extra_made = extra_made;
  for (unsigned i = 0; i < GT_GROUP_COUNT; ++i) {
    const auto group = static_cast<gt_group>(i);
    out.groups[i] = {coverage.is_on(group), coverage.since(group)};
  }
  // What a look that is told later needs of them, unless it began kExitGraceNs before: that one is told that
  // older ones are missing.
  const std::uint64_t recent = less(out.at_ns, kExitGraceNs);
  for (const Exit& exit : exits) {
    if (exit.at_ns + kExitGraceNs >= recent) out.exits.push_back({exit.goid, exit.at_ns});
  }
  std::ranges::sort(out.exits, {}, [](const OpenState::Exit& e) { return std::pair(e.at_ns, e.goid); });
  out.exits_complete_from_ns = std::max(exits_complete_from, recent);
  out.panics = panics.open();
  out.system_starts = creation.system_starts();
  for (const auto& [id, text] : label_values) out.label_values.push_back({id, text});

  std::vector<std::pair<std::uint64_t, const Goroutine*>> by_goid;
  by_goid.reserve(goroutines.size());
  goroutines.each([&](const Goroutine& g) { by_goid.emplace_back(g.goid, &g); });
  std::ranges::sort(by_goid);
  std::vector<std::uint32_t> places(lineage.places(), kNone);
  std::vector<bool> waited_on(objects.all().size(), false);
  out.goroutines.reserve(by_goid.size());
  out.lineage.reserve(lineage.size());
  std::uint64_t waits_since_ns = out.at_ns;
  for (std::size_t i = 0; i < by_goid.size(); ++i) {
    if (i + kAhead < by_goid.size()) __builtin_prefetch(by_goid[i + kAhead].second);
    const Goroutine g = settled(*by_goid[i].second);
    OpenGoroutine& open = out.goroutines.emplace_back();
    describe(g, open);
    open.made = describe_lineage(g.born, out.lineage, places);
    if (open.woken) waits_since_ns = std::min(waits_since_ns, g.since_ns);
    if (g.object == kNone || waited_on[g.object]) continue;
    waited_on[g.object] = true;
    const ObjectData& object = objects.all()[g.object];
    if (object.waiter_stack != 0)
      out.objects.push_back({{object.kind, object.address}, object.waiter_stack, object.waiter_reason});
  }
  out.pauses = pauses.open(waits_since_ns);
  return out;
}

}  // namespace gorotrace
