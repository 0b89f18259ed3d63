#include "stream/models_watch.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "stream/item.h"

namespace gorotrace {

ModelsWatch::Seen ModelsWatch::seen_of(const Models::Of& of, std::uint64_t at_ns) const {
  Seen seen{.host_pid = of.begun->host_pid, .live = {}, .waiting = {}, .panics = 0};
  if (of.counters) {
    seen.live = static_cast<std::uint64_t>(std::max<std::int64_t>(of.counters->live, 0));
  } else if (const Tables totals = of.totals(at_ns); totals.looked) {
    seen.live = totals.live;
  }
  if (!longer_than_ns_.empty()) seen.waiting = of.model->waiting_longer(at_ns, longer_than_ns_);
  seen.panics = of.model->panics();
  return seen;
}

void ModelsWatch::look(const Models& models, std::uint64_t now_ns) {
  constexpr std::uint64_t kPartOfTime = 20;
  if (now_ns < due_ns_) return;
  std::vector<Seen> seen;
  for (const auto& [id, of] : models.all()) {
    if (of.end_ns == kEndOfTime) seen.push_back(seen_of(of, models.advanced_ns()));
  }
  due_ns_ = now_ns + std::max(kPeriodNs, kPartOfTime * since(monotonic_ns(), now_ns));
  const std::lock_guard lock(mutex_);
  seen_ = std::move(seen);
}

std::vector<ModelsWatch::Seen> ModelsWatch::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace gorotrace
