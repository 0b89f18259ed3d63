#include "stream/models.h"

#include <algorithm>
#include <utility>

namespace gorotrace {
namespace {

// Between the cache miss of a record's goroutine being asked for and the record.
constexpr std::size_t kAhead = 12;

struct Apply {
  Models::Of& of;
  std::uint64_t at_ns;

  void operator()(const StackDefined& defined) const { of.model->define(defined.id, defined.stack); }
  void operator()(const FunctionDescribed& f) const { of.model->describe(f.startpc, f.system); }
  void operator()(const ValueDefined& defined) const { of.model->define(defined.id, defined.value); }
  void operator()(const Snapshot& snapshot) const {
    const auto proven = of.estimator.with_proven(snapshot);
    of.model->apply(proven ? *proven : snapshot);
    of.estimator.looked(proven ? *proven : snapshot, *of.model);
  }
  void operator()(const SeenObjects& seen) const { of.model->apply(seen); }
  void operator()(const GroupChanged& change) const {
    if (change.group == GT_GROUP_BLOCK && !change.on) of.estimator.block_ends(at_ns, *of.model);
    of.model->group(change.group, change.on, at_ns);
    if (change.group == GT_GROUP_LIFECYCLE) of.lifecycle_probed = change.on;
    if (change.group == GT_GROUP_BLOCK) of.estimator.block(change.on);
  }
  void operator()(const CountersRead& read) const {
    of.counters = read.counters;
    const RuntimeCounters& c = read.counters;
    of.estimator.count({at_ns, read.timed_runs.value_or(0), c.syscalls, c.created}, *of.model);
  }
  void operator()(const CostCharged& cost) const { of.cost = cost; }
  void operator()(const SampleClasses& classes) const {
    of.model->define(classes.labels);
    of.estimator.define(classes, *of.model);
  }
  void operator()(const SampleTick& tick) const { of.estimator.apply(tick, *of.model); }
  void operator()(const SamplesLost&) const { of.estimator.lost(); }
  void operator()(const SamplingEnded& ended) const { of.estimator.end(ended.what, at_ns, *of.model); }
  void operator()(const Loss& loss) const {
    of.model->gap(at_ns, loss.to_ns);
    of.estimator.lost_records();
  }
  void operator()(const TargetEnded&) const { of.end_ns = std::min(of.end_ns, at_ns); }
  template <typename Other>  // says nothing about goroutines, or is taken care of elsewhere
  void operator()(const Other&) const {}
};

// The groups of a target that has passed its limit are silent from here on, as if they had been detached.
void silence(Models::Of& of, const gt_record& limit) {
  for (int i = 0; i < GT_GROUP_COUNT; ++i) {
    if ((limit.extra >> i & 1) != 0) Apply{of, limit.time_ns}(GroupChanged{static_cast<gt_group>(i), false});
  }
}

}  // namespace

void Models::apply(const Item& item) {
  if (std::holds_alternative<Advanced>(item.what)) {
    advanced_ns_ = std::max(advanced_ns_, item.at_ns);
    for (auto& [id, of] : models_) of.model->advance(std::min(item.at_ns, of.end_ns));
    return;
  }
  if (const auto* begun = std::get_if<TargetBegun>(&item.what)) {
    ModelConfig config{.wait_reasons = begun->wait_reasons,
                       .keep_waits = keep_waits_,
                       .by_label = !begun->label_key.empty()};
    Of of;
    of.begun = std::make_shared<const TargetBegun>(*begun);
    of.model = std::make_unique<Model>(std::move(config));
    models_[item.target] = std::move(of);
    return;
  }
  if (std::holds_alternative<TargetGone>(item.what)) {
    models_.erase(item.target);
    return;
  }
  if (std::holds_alternative<Records>(item.what)) {
    apply_below(item, 0, kEndOfTime);
    return;
  }
  if (const auto found = models_.find(item.target); found != models_.end())
    std::visit(Apply{found->second, item.at_ns}, item.what);
}

std::size_t Models::apply_below(const Item& item, std::size_t at, std::uint64_t limit_ns) {
  const std::vector<gt_record>& records = std::get<Records>(item.what).records;
  const auto found = models_.find(item.target);
  if (found == models_.end()) return records.size();
  Model& model = *found->second.model;
  for (; at < records.size() && records[at].time_ns < limit_ns; ++at) {
    if (at + kAhead < records.size()) model.prefetch(records[at + kAhead]);
    model.apply(records[at]);
    if (records[at].hook == GT_HOOK_LIMIT) silence(found->second, records[at]);
  }
  return at;
}

void Models::take_waits(const std::function<void(TargetId, const Of&, std::vector<Wait>)>& take) {
  if (!keep_waits_) return;
  for (auto& [id, of] : models_) {
    std::vector<Wait> waits = of.model->take_waits();
    if (!waits.empty()) take(id, of, std::move(waits));
  }
}

}  // namespace gorotrace
