#include "session/target_census.h"

#include <numeric>
#include <utility>

#include "base/clock.h"
#include "base/random.h"

namespace gorotrace {

TargetCensus::TargetCensus(const Memory& memory, CensusSubject subject, CensusShare& share, ModelTables model)
    : share_(share), model_(std::move(model)), taker_(memory, std::move(subject), random_u64()) {}

TargetCensus::~TargetCensus() {
  if (running()) share_.stop(taker_);
}

Status TargetCensus::stand_in(bool wanted) {
  wanted = wanted && share_.any();
  if (wanted == running()) return {};
  if (!wanted) return stop();
  const auto from = share_.start(taker_);
  if (!from) return std::unexpected(from.error());
  auto model = model_(*from);
  if (!model) {
    (void)share_.stop(taker_);
    return std::unexpected(model.error());
  }
  stretches_.push_back({std::move(*model), {}});
  return {};
}

Status TargetCensus::stop() {
  if (!running()) return {};
  const std::uint64_t to = share_.stop(taker_);
  auto model = model_(to);
  stretches_.back().to = model ? std::move(*model) : stretches_.back().from;
  if (!model) return std::unexpected(model.error());
  return {};
}

void TargetCensus::move_stacks(StackTable& to) {
  to.add(taker_.take_stacks());
}

Tables TargetCensus::over(Tables model) const {
  if (!ever_ran()) return model;
  if (!running()) return combine(std::move(model), stretches_, taker_.tables());
  std::vector<Replaced> stretches = stretches_;
  stretches.back().to = model;
  return combine(std::move(model), stretches, taker_.tables());
}

void TargetCensus::update(Tables& totals, bool lifecycle_probed) const {
  if (!running()) return;
  totals.in_state = taker_.in_state();
  if (!lifecycle_probed)
    totals.live = std::accumulate(totals.in_state.begin(), totals.in_state.end(), std::uint64_t{0});
}

CensusFacts TargetCensus::facts() const {
  const CensusTables tables = taker_.tables();
  const CensusCost cost = taker_.cost();
  return {.looks = tables.looks,
          .looks_at_all = tables.looks_at_all,
          .goroutines_seen = tables.goroutines_seen,
          .without_stack = tables.without_stack,
          .missed = cost.missed,
          .cpu_ns = cost.cpu_ns,
          .time_ns = cost.time_ns};
}

}  // namespace gorotrace
