// Which waits go on, and since when at the latest: of each goroutine, where the rows of an answer sum up.
#include "model/model_impl.h"

namespace gorotrace {

OpenWaits Model::open_waits(std::uint64_t at_ns) const {
  const Impl& m = *impl_;
  OpenWaits out{at_ns, {}};
  m.goroutines.each([&](const Goroutine& g) {
    if (g.last_ns != 0) out.moves.push_back({g.goid, g.last_ns});
    if (!g.has(kWaitOpen) || g.epoch != m.epoch) return;
    const BlockingKey& key = m.blocking.all()[g.row].key;
    const gt_group group = key.in_syscall ? GT_GROUP_SYSCALL : GT_GROUP_BLOCK;
    if (!m.coverage.is_on(group)) return;
    // What memory alone told of is proven by the absence of events. Garbage collections may prove more
    // (wait_from_ns); they are not asked here.
    const bool park_seen = g.has(kStartSeen);
    const std::uint64_t since = park_seen ? g.wait_from_ns : std::max(m.quiet_since(group), g.last_ns);
    if (since < at_ns) out.waits.push_back({g.goid, since, key.reason, key.in_syscall, park_seen});
  });
  return out;
}

}  // namespace gorotrace
