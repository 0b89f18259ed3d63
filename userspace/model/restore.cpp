// A model that goes on from a checkpoint. Rows begin empty; goroutines are as they were, with the real
// beginnings of their states and waits, so that what ends later has its whole length. What lies before the
// checkpoint is then in the sums, and taken out of each answer (Before, BlockingData::before_ns). What is
// given may come from a file: it is checked.
#include <algorithm>
#include <string>
#include <utility>

#include "model/model_impl.h"

namespace gorotrace {
namespace {

std::unexpected<Error> contradiction(const char* what) {
  return fail(ErrorKind::kFailed, std::string("the checkpoint contradicts itself: ") + what);
}
std::unexpected<Error> too_large(const char* what) {
  return fail(ErrorKind::kFailed, std::string("the checkpoint has more ") + what + " than a model holds");
}

}  // namespace

Status Model::Impl::restore(const OpenState& open) {
  now = open.told_ns;
  lossy_until = open.lossy_until_ns;
  window_open = open.window_from_ns.has_value();
  window_from = open.window_from_ns.value_or(0);
  snapshot_seen = open.all_looked_at;
  look = open.last_look_ns ? 1 : 0;
  look_began_ns = open.last_look_ns.value_or(0);
  extra_made = open.extra_made;
  for (unsigned i = 0; i < GT_GROUP_COUNT; ++i)
    coverage.resume(static_cast<gt_group>(i), open.groups[i].on, open.groups[i].since_ns, open.at_ns);
  for (const OpenState::Exit& exit : open.exits) exits.push_back({exit.goid, exit.at_ns});
  exits_complete_from = open.exits_complete_from_ns;
  for (const std::uint64_t startpc : open.system_starts) creation.describe(startpc, true);
  define(open.label_values);
  if (open.panics.size() > PanicAccount::kMaxOpen) return too_large("panics");
  panics.restore(open.panics);
  if (Status done = pauses.restore(open.pauses, open.at_ns); !done) return done;

  for (const OpenGoroutine& g : open.goroutines) {
    if (Status done = restore(g, open.at_ns); !done) return done;
  }
  for (std::size_t s = 0; s < kGStates; ++s)
    before.state_ns[s] = time[0].ns(static_cast<GState>(s), open.at_ns);
  before.live_integral_ns = live[0].ns(open.at_ns);
  before.created = created;
  for (const OpenObject& object : open.objects) {
    const std::uint32_t row = objects.find(object.key.kind, object.key.address);
    if (row == kNone) return contradiction("nobody waits for one of the objects");
    objects[row].waiter_stack = object.waiter_stack;
    objects[row].waiter_reason = object.waiter_reason;
  }
  return restore_lineage(open);
}

Status Model::Impl::restore(const OpenGoroutine& open, std::uint64_t at_ns) {
  if (open.goid == 0 || goroutines.find(open.goid) != nullptr)
    return contradiction("a goroutine is in it twice, or has no id");
  if (open.state >= GState::kCount) return contradiction("a goroutine is in no state");
  Goroutine& g = goroutines.insert(open.goid);
  g.epoch = epoch;
  g.state = open.state;
  g.since_ns = std::min(open.since_ns, at_ns);
  g.last_ns = open.last_ns;
  g.created_ns = open.created_ns;
  g.look = open.in_last_look ? look : std::uint16_t{0};
  const std::pair<bool, unsigned> flags[] = {{open.created_seen, kCreatedSeen},
                                             {open.counted, kCounted},
                                             {open.from_memory, kFromMemory},
                                             {open.woken, kWoken},
                                             {open.system, kSystem},
                                             {open.of_c_thread, kExtra}};
  for (const auto& [is, flag] : flags) {
    if (is) g.set(flag);
  }
  const std::uint64_t before_ns = at_ns - g.since_ns;
  time_of(g).enter(g.state, g.since_ns);
  // Nobody leaves before it has come to its state.
  live[g.has(kSystem) ? 1 : 0].arrive(g.since_ns);
  if (g.has(kCounted)) ++created;
  if (g.has(kExtra)) ++of_c_threads;
  if (open.gopc != 0 || open.startpc != 0) {
    g.site = creation.row(open.gopc, open.startpc);
    if (g.site == kNone) return too_large("creation sites");
    ++creation[g.site].live;
    if (g.state == GState::kRunnable) creation[g.site].before_ns += before_ns;
  }
  if (open.semaphore != 0) want_semaphore(g, open.semaphore);
  if (open.labels.labels != 0 && config.by_label)
    label_runs[g.goid] = {open.labels.labels, open.labels.since_ns, open.labels.label};
  return open.wait ? restore_wait(g, *open.wait, before_ns) : Status{};
}

Status Model::Impl::restore_wait(Goroutine& g, const OpenStay& open, std::uint64_t before_ns) {
  if (open.row.others) return contradiction("somebody waits in the row of other stacks");
  g.row = blocking.row(open.row);
  if (g.row == kNone) return too_large("rows of waits");
  ++blocking[g.row].open;
  blocking[g.row].before_ns += before_ns;
  blocking[g.row].note_site(g.site);
  g.set(kWaitOpen);
  if (open.park_seen) g.set(kStartSeen);
  g.wait_from_ns = open.from_ns;
  const auto [kind, address] = open.object;
  if (address == 0) return {};
  if (kind != ObjectRow::Kind::kChannel && kind != ObjectRow::Kind::kSemaphore)
    return contradiction("a goroutine waits for an object of no kind");
  g.object = objects.row(kind, address);
  if (g.object == kNone) return too_large("objects");
  ++objects[g.object].open;
  objects[g.object].before_ns += before_ns;
  return {};
}

Status Model::Impl::restore_lineage(const OpenState& open) {
  std::vector<std::uint32_t> nodes;
  nodes.reserve(open.lineage.size());
  for (const OpenCreation& c : open.lineage) {
    if (c.goid == 0 || (c.gopc == 0 && c.startpc == 0) || (c.up != kNone && c.up >= nodes.size()))
      return contradiction("a creation is nobody's, or precedes that of who made it");
    const std::uint32_t site = creation.row(c.gopc, c.startpc);
    if (site == kNone) return too_large("creation sites");
    const std::uint32_t up = c.up == kNone ? Lineage::kNoNode : nodes[c.up];
    nodes.push_back(
        lineage.add({.goid = c.goid, .creator = c.creator, .stack = c.stack, .site = site, .up = up}));
    if (nodes.back() == Lineage::kNoNode) return too_large("creations");
  }
  std::vector<bool> alive(nodes.size(), false);
  for (const OpenGoroutine& of : open.goroutines) {
    if (of.made == kNone) continue;
    Goroutine& g = *goroutines.find(of.goid);
    if (of.made >= nodes.size() || lineage[nodes[of.made]].goid != g.goid ||
        lineage[nodes[of.made]].site != g.site)
      return contradiction("a goroutine's creation is another one's");
    g.set_born(nodes[of.made]);
    alive[of.made] = true;
    const bool by_stack = g.has(kCreatedSeen) && lineage[g.born].up == Lineage::kNoNode;  // as born() does
    place_origin(g.born, by_stack ? lineage[g.born].stack : origin_key(g.born), false);
  }
  // Who is gone uses no node; those whose creators' it is do.
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!alive[i]) lineage.release(nodes[i]);
  }
  return {};
}

}  // namespace gorotrace
