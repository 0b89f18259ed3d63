// One sampling of a target within a session: of its goroutines, or of who runs. What it sees goes into the
// stream, where the models' estimators read it. Threads: control thread; the looks post on sampling's own.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/result.h"
#include "evidence/facts.h"
#include "model/target_id.h"
#include "sampling/process_sampler.h"
#include "session/sampling_share.h"
#include "session/stream_door.h"
#include "stream/item.h"

namespace gorotrace {

// Makes items of one target's looks, for as long as the way into the stream is open. Threads: that of the
// look, and control.
class PostedSamples : public SampleSink {
 public:
  PostedSamples(SampledWhat what, std::shared_ptr<StreamDoor> door) : what_(what), door_(std::move(door)) {}
  void set_target(TargetId target) { target_ = target; }  // before the first look

  void define(std::uint64_t at_ns, SampleClasses classes, const StackSet& stacks) override;
  void tick(SampleTick tick) override;
  void end(std::uint64_t at_ns) override;

 private:
  void post(Item item);

  const SampledWhat what_;
  const std::shared_ptr<StreamDoor> door_;
  TargetId target_ = 0;
};

class TargetSampling {
 public:
  // `share` outlives this object; what `subject` refers to lives as long as `memory`.
  TargetSampling(std::shared_ptr<const Memory> memory, SamplingSubject subject, SamplingShare& share,
                 std::shared_ptr<StreamDoor> door);
  TargetSampling(std::shared_ptr<const Memory> memory, RunSubject subject, SamplingShare& share,
                 std::shared_ptr<StreamDoor> door);
  ~TargetSampling();
  void set_target(TargetId target) { posted_->set_target(target); }  // before it runs

  // It runs while it is wanted, if looks may cost anything.
  [[nodiscard]] Status want(bool wanted);
  void stop();  // nothing when it does not run
  [[nodiscard]] bool running() const { return sampler_->running(); }
  [[nodiscard]] bool ever_ran() const { return ever_ran_; }
  // Behind stop(): the process does not let go of whoever looked.
  [[nodiscard]] bool held_up() const { return !running() && sampler_->looked_at(); }
  // `dropped`: ticks on their way to the models, so far.
  void mind_loss(std::uint64_t dropped);
  [[nodiscard]] SamplingFacts facts() const;

 private:
  SamplingShare& share_;
  std::shared_ptr<PostedSamples> posted_;
  std::shared_ptr<ProcessSampler> sampler_;
  bool ever_ran_ = false;
  std::uint64_t dropped_seen_ = 0;
};

}  // namespace gorotrace
