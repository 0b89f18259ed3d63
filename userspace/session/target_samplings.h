// Both samplings of a target: of its goroutines while no probe tells who waits where, of who runs while that
// is told and not who runs. Threads: control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "evidence/facts.h"
#include "probe/plan.h"
#include "session/notices.h"
#include "session/sampling_share.h"
#include "session/stream_door.h"
#include "session/target.h"
#include "session/target_sampling.h"

namespace gorotrace {

class TargetSamplings {
 public:
  // What is referred to outlives this object.
  TargetSamplings(std::shared_ptr<Target> target, SamplingSubject subject, SamplingShare& share,
                  std::shared_ptr<StreamDoor> door, Notices& notices);
  void set_target(TargetId id);  // before the first of them runs

  // Whichever the groups that are on leave to sampling. Nothing of a target that is not proven.
  void follow(GroupMask on);
  void stop();
  // `dropped`: ticks on their way to the models, so far.
  void mind_loss(std::uint64_t dropped);

  [[nodiscard]] const TargetSampling& of_goroutines() const { return goroutines_; }
  // Behind stop(): the process does not let go of whoever looked.
  [[nodiscard]] bool held_up() const { return goroutines_.held_up(); }
  // Of those that ever ran.
  void tell(StatFacts& facts) const;

 private:
  void begin_runs();

  std::shared_ptr<Target> target_;  // with whoever reads its memory
  SamplingShare& share_;
  std::shared_ptr<StreamDoor> door_;
  Notices& notices_;
  TargetId id_ = 0;
  TargetSampling goroutines_;
  std::optional<TargetSampling> runs_;  // once it has been wanted
  bool runs_unknown_ = false;
};

}  // namespace gorotrace
