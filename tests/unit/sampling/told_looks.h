// What a sampler tells of its looks, and the estimates made of it. Threads: any.
#pragma once

#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "sampling/process_sampler.h"
#include "sampling/sampling.h"

namespace gorotrace::testing {

class ToldLooks : public SampleSink {
 public:
  void define(std::uint64_t, SampleClasses classes, const StackSet& stacks) override {
    const std::lock_guard lock(mutex_);
    agrees_ = sampling_.define(classes) && agrees_;
    labels_.insert(labels_.end(), classes.labels.begin(), classes.labels.end());
    for (std::uint32_t i = 0; i < stacks.size(); ++i) stacks_.emplace(stacks[i].id, stacks[i].pcs.size());
  }
  void tick(SampleTick tick) override {
    const std::lock_guard lock(mutex_);
    if (std::exchange(lose_next_, false)) return;
    agrees_ = sampling_.apply(tick) && agrees_;
  }
  void end(std::uint64_t) override {
    const std::lock_guard lock(mutex_);
    sampling_.end_segment();
  }

  void lose_next() {
    const std::lock_guard lock(mutex_);
    lose_next_ = true;
  }
  // Every tick and every class meant something, so far.
  [[nodiscard]] bool agrees() const {
    const std::lock_guard lock(mutex_);
    return agrees_;
  }
  [[nodiscard]] SampledTables tables() const {
    const std::lock_guard lock(mutex_);
    return sampling_.tables();
  }
  [[nodiscard]] std::uint64_t waiting() const {
    const std::lock_guard lock(mutex_);
    return sampling_.in_state()[static_cast<std::size_t>(GState::kWaiting)];
  }
  [[nodiscard]] std::vector<LabelValue> labels() const {
    const std::lock_guard lock(mutex_);
    return labels_;
  }
  // Id and depth.
  [[nodiscard]] std::set<std::pair<std::uint64_t, std::size_t>> stacks() const {
    const std::lock_guard lock(mutex_);
    return stacks_;
  }

 private:
  mutable std::mutex mutex_;
  Sampling sampling_;
  std::vector<LabelValue> labels_;
  std::set<std::pair<std::uint64_t, std::size_t>> stacks_;
  bool agrees_ = true, lose_next_ = false;
};

}  // namespace gorotrace::testing
