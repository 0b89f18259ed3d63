#include "waits/semtable.h"

#include "base/seeded_hash.h"
#include "waits/batch.h"
#include "waits/sudog.h"

namespace gorotrace::waits {
namespace {

constexpr std::size_t kRoots = 251;  // runtime/sema.go semTabSize, 1.18-1.27

struct Node {
  std::uint64_t sudog = 0;
  std::size_t root = 0;
};

}  // namespace

Result<Semtable> read_semtable(const Context& context) {
  Semtable out;
  const RuntimeOffsets& o = context.config.offsets;
  if (context.config.semtable_address == 0 || o.semaRoot_treap == kAbsent || sudog_elem_at(o) == kAbsent) {
    out.complete = false;
    return out;
  }
  Batch batch(context.memory);
  std::vector<std::uint64_t> addresses;
  addresses.reserve(kRoots);
  for (std::size_t i = 0; i < kRoots; ++i) {
    addresses.push_back(context.config.semtable_address + i * context.config.cache_line_pad +
                        o.semaRoot_treap);
  }
  if (!batch.read(addresses, sizeof(std::uint64_t))) return gone();
  std::vector<Node> level, below;
  for (std::size_t i = 0; i < kRoots; ++i) {
    const auto treap = load<std::uint64_t>(batch.at(i), 0);
    if (!treap) out.complete = false;
    if (treap && *treap != 0) level.push_back({*treap, i});
  }
  // A goroutine waits on one semaphore at most; those born since the snapshot may be there too.
  const std::size_t bound = 2 * context.snapshot.goroutines.size() + kPart;
  SeededSet<std::uint64_t> met;
  while (!level.empty()) {
    below.clear();
    const bool alive = in_parts(level.size(), kPart, [&](std::size_t first, std::size_t count) {
      addresses.clear();
      for (std::size_t i = 0; i < count; ++i) addresses.push_back(level[first + i].sudog);
      if (!batch.read(addresses, sudog_window(o))) return false;
      for (std::size_t i = 0; i < count; ++i) {
        const Node node = level[first + i];
        const Sudog s = pick_sudog(batch.at(i), o);
        // semTable.rootFor: every address of a treap has the hash of its root.
        if (batch.at(i).empty() || s.g == 0 || (s.elem >> 3) % kRoots != node.root || met.size() >= bound ||
            !met.insert(node.sudog).second) {
          out.complete = false;
          continue;
        }
        out.of_g[s.g] = {node.sudog, s.elem};
        for (const std::uint64_t next : {s.prev, s.next, s.waitlink}) {
          if (next != 0) below.push_back({next, node.root});
        }
      }
      return true;
    });
    if (!alive) return gone();
    std::swap(level, below);
  }
  return out;
}

}  // namespace gorotrace::waits
