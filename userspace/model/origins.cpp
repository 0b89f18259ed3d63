// Where goroutines come from: the go statement and, while that is the library's, the one that made the
// creator.
#include "model/model_impl.h"

namespace gorotrace {

// Of the chain that begins at this node: by go statement, with the stack where that was seen, whoever ran it.
std::uint64_t Model::Impl::origin_key(std::uint32_t node) const {
  const SeededHash hash;
  std::uint64_t key = 0;
  lineage.each(node, [&](const Lineage::Node& n) { key = hash(hash(key, n.stack), n.site); });
  return key;
}

void Model::Impl::place_origin(std::uint32_t node, std::uint64_t key, bool created_seen) {
  Lineage::Node& own = lineage[node];
  own.place = creation.origin(own.site, key);
  if (own.place == Lineage::kNoPlace) {
    ++overflow;
    return;
  }
  OriginData& origin = creation[own.site].origins[own.place];
  if (created_seen) ++origin.created;
  std::size_t i = 0;
  const bool fresh = origin.links.empty();
  lineage.each(node, [&](const Lineage::Node& n) {
    if (fresh) {
      origin.links.push_back({n.stack, creation[n.site].gopc, creation[n.site].startpc, n.creator});
    } else if (i < origin.links.size() && origin.links[i].creator != n.creator) {
      origin.links[i].creator = 0;  // several
    }
    ++i;
  });
}

void Model::Impl::born(Goroutine& g, const gt_record& r) {
  if (g.site == kNone) return;
  lineage.release(g.born);  // of what memory alone told
  g.set_born(Lineage::kNoNode);
  const bool by_goroutine = (r.flags & GT_REC_ACTOR_MASK) == GT_ACTOR_GOROUTINE;
  Lineage::Node node{.goid = g.goid, .creator = by_goroutine ? r.other : 0, .stack = r.stack, .site = g.site};
  const StackRef* stack = r.stack != 0 ? stacks.find(r.stack) : nullptr;
  const bool by_program = stack != nullptr && (*stack)->user_code;
  if (!by_program && node.creator != 0 && node.creator != g.goid) {
    const Goroutine* creator = goroutines.find(node.creator);
    if (creator != nullptr && lineage.links(creator->born) < Lineage::kMaxLinks) node.up = creator->born;
  }
  g.set_born(lineage.add(node));
  if (g.born == Lineage::kNoNode) {
    ++overflow;
    return;
  }
  const bool alone = lineage[g.born].up == Lineage::kNoNode;
  place_origin(g.born, alone ? r.stack : origin_key(g.born), true);
}

void Model::Impl::remember(Goroutine& g, const GoroutineSnapshot& seen) {
  g.set_born(lineage.add({.goid = g.goid, .creator = seen.parent_goid, .site = g.site}));
}

void Model::Impl::follow_parents(const std::vector<std::uint64_t>& goids) {
  for (const std::uint64_t goid : goids) {
    const Goroutine* g = goroutines.find(goid);
    if (g == nullptr || g->born == Lineage::kNoNode) continue;
    const std::uint64_t parent = lineage[g->born].creator;
    const Goroutine* creator = parent != 0 && parent != goid ? goroutines.find(parent) : nullptr;
    if (creator != nullptr) lineage.follow(g->born, creator->born);
  }
  for (const std::uint64_t goid : goids) {
    const Goroutine* g = goroutines.find(goid);
    if (g != nullptr && g->born != Lineage::kNoNode) place_origin(g->born, origin_key(g->born), false);
  }
}

SeenCreations Model::creations() const {
  const Impl& m = *impl_;
  SeenCreations out;
  NamedStacks::Map named;
  m.lineage.each([&](const Lineage::Node& node) {
    const CreationData& site = m.creation.all()[node.site];
    out.creations.push_back({node.goid, node.creator, node.stack, site.gopc, site.startpc});
    if (node.stack == 0 || named.contains(node.stack)) return;
    if (const StackRef* known = m.stacks.find(node.stack)) named.emplace(node.stack, *known);
  });
  out.stacks = NamedStacks(std::move(named));
  return out;
}

}  // namespace gorotrace
