// Which waits go on, and since when at the latest: of each goroutine, where the rows of an answer sum up.
#include <algorithm>

#include "model/model_impl.h"

namespace gorotrace {

std::optional<OpenWait> Model::Impl::proven_wait(const Goroutine& g) const {
  if (!g.has(kWaitOpen) || g.epoch != epoch) return std::nullopt;
  const BlockingKey& key = blocking.all()[g.row].key;
  const gt_group group = key.in_syscall ? GT_GROUP_SYSCALL : GT_GROUP_BLOCK;
  if (!coverage.is_on(group)) return std::nullopt;
  // What memory alone told of is proven by the absence of events. Garbage collections may prove more
  // (wait_from_ns); they are not asked here.
  const bool park_seen = g.has(kStartSeen);
  const std::uint64_t since = park_seen ? g.wait_from_ns : std::max(quiet_since(group), g.last_ns);
  return OpenWait{g.goid, since, key.reason, key.in_syscall, park_seen};
}

OpenWaits Model::open_waits(std::uint64_t at_ns) const {
  OpenWaits out{at_ns, {}};
  impl_->goroutines.each([&](const Goroutine& g) {
    if (g.last_ns != 0) out.moves.push_back({g.goid, g.last_ns});
    if (const auto wait = impl_->proven_wait(g); wait && wait->since_ns < at_ns) out.waits.push_back(*wait);
  });
  return out;
}

std::optional<std::vector<std::uint64_t>> Model::waiting_longer(
    std::uint64_t at_ns, const std::vector<std::uint64_t>& than_ns) const {
  if (!impl_->coverage.is_on(GT_GROUP_BLOCK)) return std::nullopt;
  std::vector<std::uint64_t> out(than_ns.size());
  impl_->goroutines.each([&](const Goroutine& g) {
    if (g.has(kSystem)) return;
    const auto wait = impl_->proven_wait(g);
    if (!wait || wait->since_ns >= at_ns) return;
    for (std::size_t i = 0; i < than_ns.size(); ++i) out[i] += at_ns - wait->since_ns > than_ns[i] ? 1 : 0;
  });
  return out;
}

}  // namespace gorotrace
