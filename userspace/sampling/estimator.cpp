#include "sampling/estimator.h"

#include <numeric>
#include <utility>

namespace gorotrace {

void Estimator::define(const SampleClasses& classes, const Model& model) {
  if (!sampling_.define(classes)) return;
  for (const BlockingKey& row : classes.rows) {
    if (StackRef stack = model.stack(row.stack)) stacks_.try_emplace(row.stack, std::move(stack));
  }
}

StackRef Estimator::stack(std::uint64_t id) const {
  const auto found = stacks_.find(id);
  return found == stacks_.end() ? nullptr : found->second;
}

void Estimator::apply(const SampleTick& tick, const Model& model) {
  if (tick.what == SampledWhat::kRuns) {
    if (!runs_.apply(tick)) return;
    runs_look_ns_ = tick.at_ns;
    runnable_ = runs_.in_state()[static_cast<std::size_t>(GState::kRunnable)];
    return;
  }
  const bool lists = tick.all && tick.everyone;
  if (lists) keep_stays();
  const bool counted = sampling_.apply(tick);
  if (counted && lists) sampling_.carry_on(stays_);
  if (!counted || open_from_) return;
  open_from_ = model.tables(tick.at_ns);
  any_ = true;
}

void Estimator::end(SampledWhat what, std::uint64_t at_ns, const Model& model) {
  if (what == SampledWhat::kRuns) {
    runs_.end_segment();
    return;
  }
  keep_stays();
  sampling_.end_segment();
  if (open_from_) replaced_.add(*open_from_, model.tables(at_ns));
  open_from_.reset();
}

std::optional<SampledRuns> Estimator::runs() const {
  if (runs_look_ns_ == 0) return std::nullopt;
  const SampledTables tables = runs_.tables();
  const auto state = [&](GState s) { return tables.states[static_cast<std::size_t>(s)]; };
  return SampledRuns{state(GState::kRunning), state(GState::kRunnable), runnable_, runs_look_ns_,
                     tables.covered};
}

std::optional<Snapshot> Estimator::with_proven(const Snapshot& snapshot) {
  keep_stays();
  std::optional<Snapshot> out;
  for (std::size_t i = 0; i < snapshot.goroutines.size(); ++i) {
    const GoroutineSnapshot& g = snapshot.goroutines[i];
    const auto since = stays_.since(g);
    if (!since || *since >= g.read_at_ns || (g.waited_at_ns != 0 && g.waited_at_ns <= *since)) continue;
    if (!out) out = snapshot;
    out->goroutines[i].waited_at_ns = *since;
  }
  return out;
}

Tables Estimator::over(Tables model) const {
  model.runs = runs();
  phases_.over(model);
  if (!any_) return model;
  NamedStacks named = model.stacks.with(stacks_);
  Replaced replaced = replaced_;
  if (open_from_) replaced.add(*open_from_, model);
  SampledTables sampled = sampling_.tables();
  // Sampling's last look is of the past then: which waits go on, and since when, the model knows.
  if (block_on_) {
    for (SampledWaits& row : sampled.waits) row.open_since_ns.reset();
  }
  Tables out = combine(std::move(model), replaced, sampled);
  for (BlockingRow& row : out.blocking) believe_times(row);
  out.stacks = std::move(named);
  return out;
}

Tables Estimator::over_totals(Tables totals, bool lifecycle_probed) const {
  totals.runs = runs();
  if (!open_from_) return totals;
  totals.in_state = sampling_.in_state();
  if (!lifecycle_probed)
    totals.live = std::accumulate(totals.in_state.begin(), totals.in_state.end(), std::uint64_t{0});
  return totals;
}

}  // namespace gorotrace
