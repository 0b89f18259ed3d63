#include "session/counters_look.h"

#include <numeric>
#include <utility>

#include "session/pipeline.h"

namespace gorotrace {

CountersLook::CountersLook(std::shared_ptr<Target> target, TargetId id, std::shared_ptr<StreamDoor> door)
    : target_(std::move(target)), id_(id), door_(std::move(door)), reader_(target_->counter_reader()) {}

std::optional<RuntimeReading> CountersLook::take() {
  if (!target_->proven()) return std::nullopt;
  target_->look_for_plugins();
  if (!reader_) return std::nullopt;
  const auto counters = reader_->read();
  if (!counters) return std::nullopt;
  RuntimeReading out;
  out.counters = *counters;
  if (!std::exchange(metrics_asked_, true)) {
    if (auto source = target_->metrics_source()) metrics_.emplace(*source);
  }
  if (!metrics_ || read_time_to_run(*metrics_, out.time_to_run) != Pass::kGood) out.time_to_run.clear();
  out.cpu_ns = target_->process().cpu_time_ns();
  out.timed_runs = std::accumulate(out.time_to_run.begin(), out.time_to_run.end(), std::uint64_t{0});
  CountersRead read{*counters, {}};
  if (!out.time_to_run.empty()) read.timed_runs = out.timed_runs;
  (void)door_->enter([&](Pipeline& pipeline) { pipeline.router().post({id_, counters->time_ns, read}); });
  return out;
}

}  // namespace gorotrace
