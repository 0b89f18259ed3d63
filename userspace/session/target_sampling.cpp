#include "session/target_sampling.h"

#include <memory>
#include <utility>

#include "base/random.h"
#include "session/pipeline.h"

namespace gorotrace {

void PostedSamples::post(Item item) {
  (void)door_->enter([&](Pipeline& pipeline) { pipeline.router().post(std::move(item)); });
}

void PostedSamples::define(std::uint64_t at_ns, SampleClasses classes, const StackSet& stacks) {
  for (std::uint32_t i = 0; i < stacks.size(); ++i) {
    const StackSet::Stack stack = stacks[i];
    auto pcs =
        std::make_shared<const StackPcs>(StackPcs{{stack.pcs.begin(), stack.pcs.end()}, stack.truncated});
    post({target_, at_ns, StackDefined{stack.id, std::move(pcs)}});
  }
  post({target_, at_ns, std::move(classes)});
}

void PostedSamples::tick(SampleTick tick) {
  const std::uint64_t at_ns = tick.at_ns;
  tick.what = what_;
  post({target_, at_ns, std::move(tick)});
}

void PostedSamples::end(std::uint64_t at_ns) {
  post({target_, at_ns, SamplingEnded{what_}});
}

TargetSampling::TargetSampling(std::shared_ptr<const Memory> memory, SamplingSubject subject,
                               SamplingShare& share, std::shared_ptr<StreamDoor> door)
    : share_(share),
      posted_(std::make_shared<PostedSamples>(SampledWhat::kGoroutines, std::move(door))),
      sampler_(
          std::make_shared<ProcessSampler>(std::move(memory), std::move(subject), random_u64(), posted_)) {}

TargetSampling::TargetSampling(std::shared_ptr<const Memory> memory, RunSubject subject, SamplingShare& share,
                               std::shared_ptr<StreamDoor> door)
    : share_(share),
      posted_(std::make_shared<PostedSamples>(SampledWhat::kRuns, std::move(door))),
      sampler_(
          std::make_shared<ProcessSampler>(std::move(memory), std::move(subject), random_u64(), posted_)) {}

TargetSampling::~TargetSampling() {
  stop();
}

Status TargetSampling::want(bool wanted) {
  wanted = wanted && share_.any();
  if (wanted == running()) return {};
  if (!wanted) {
    stop();
    return {};
  }
  if (auto from = share_.start(sampler_); !from) return std::unexpected(from.error());
  ever_ran_ = true;
  return {};
}

void TargetSampling::stop() {
  if (running()) share_.stop(sampler_);
}

void TargetSampling::mind_loss(std::uint64_t dropped) {
  if (std::exchange(dropped_seen_, dropped) != dropped) sampler_->begin_anew();
}

SamplingFacts TargetSampling::facts() const {
  const SamplingCost cost = sampler_->cost();
  return {.looks = cost.looks,
          .looks_at_all = cost.looks_at_all,
          .goroutines_seen = cost.goroutines_seen,
          .without_stack = cost.without_stack,
          .missed = cost.missed,
          .cpu_ns = cost.cpu_ns,
          .time_ns = cost.time_ns};
}

}  // namespace gorotrace
