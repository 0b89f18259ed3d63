#include "session/target_census.h"

#include <numeric>
#include <utility>

#include "base/clock.h"
#include "base/random.h"

namespace gorotrace {

TargetCensus::TargetCensus(std::shared_ptr<const Memory> memory, CensusSubject subject, CensusShare& share,
                           ModelTables model)
    : share_(share),
      model_(std::move(model)),
      taker_(std::make_shared<CensusTaker>(std::move(memory), std::move(subject), random_u64())) {}

TargetCensus::~TargetCensus() {
  if (running()) share_.stop(taker_);
}

Status TargetCensus::stand_in(bool wanted) {
  wanted = wanted && share_.any();
  if (wanted == running()) return {};
  if (!wanted) {
    stop();
    return {};
  }
  const auto from = share_.start(taker_);
  if (!from) return std::unexpected(from.error());
  stretches_.push_back({model_(*from), std::nullopt, {}});
  return {};
}

void TargetCensus::stop() {
  if (!running()) return;
  stretches_.back().to = model_(share_.stop(taker_));
}

void TargetCensus::move_stacks(StackTable& to) {
  to.add(taker_->take_stacks());
}

Result<Tables> TargetCensus::over(Tables model) {
  if (!ever_ran()) return model;
  std::vector<Replaced> replaced;
  for (Stretch& stretch : stretches_) {
    for (auto [pending, tables] :
         {std::pair(&stretch.from, &stretch.replaced.from), std::pair(&stretch.to, &stretch.replaced.to)}) {
      if (!*pending) continue;
      auto there = (*pending)->get();
      pending->reset();
      if (!there) return std::unexpected(there.error());
      *tables = std::move(*there);
    }
    replaced.push_back(stretch.replaced);
  }
  if (running()) replaced.back().to = model;
  return combine(std::move(model), replaced, taker_->tables());
}

void TargetCensus::update(Tables& totals, bool lifecycle_probed) const {
  if (!running()) return;
  totals.in_state = taker_->in_state();
  if (!lifecycle_probed)
    totals.live = std::accumulate(totals.in_state.begin(), totals.in_state.end(), std::uint64_t{0});
}

CensusFacts TargetCensus::facts() const {
  const CensusTables tables = taker_->tables();
  const CensusCost cost = taker_->cost();
  return {.looks = tables.looks,
          .looks_at_all = tables.looks_at_all,
          .goroutines_seen = tables.goroutines_seen,
          .without_stack = tables.without_stack,
          .missed = cost.missed,
          .cpu_ns = cost.cpu_ns,
          .time_ns = cost.time_ns};
}

}  // namespace gorotrace
