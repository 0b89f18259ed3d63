#include "session/counters_look.h"

#include <utility>

#include "session/pipeline.h"

namespace gorotrace {

CountersLook::CountersLook(std::shared_ptr<Target> target, TargetId id, std::shared_ptr<StreamDoor> door)
    : target_(std::move(target)), id_(id), door_(std::move(door)), reader_(target_->counter_reader()) {}

std::optional<RuntimeReading> CountersLook::take() {
  if (!reader_) return std::nullopt;
  const auto counters = reader_->read();
  if (!counters) return std::nullopt;
  (void)door_->enter(
      [&](Pipeline& pipeline) { pipeline.router().post({id_, counters->time_ns, *counters}); });
  RuntimeReading out{*counters, {}};
  if (!std::exchange(metrics_asked_, true)) {
    if (auto source = target_->metrics_source()) metrics_.emplace(*source);
  }
  if (!metrics_ || read_time_to_run(*metrics_, out.time_to_run) != Pass::kGood) out.time_to_run.clear();
  return out;
}

}  // namespace gorotrace
