#include "session/target_samplings.h"

#include <utility>

namespace gorotrace {
namespace {

std::shared_ptr<const Memory> memory_of(const std::shared_ptr<Target>& target) {
  return {target, &target->process()};
}

}  // namespace

TargetSamplings::TargetSamplings(std::shared_ptr<Target> target, SamplingSubject subject,
                                 SamplingShare& share, std::shared_ptr<StreamDoor> door, Notices& notices)
    : target_(std::move(target)),
      share_(share),
      door_(std::move(door)),
      notices_(notices),
      goroutines_(memory_of(target_), std::move(subject), share, door_) {}

void TargetSamplings::set_target(TargetId id) {
  id_ = id;
  goroutines_.set_target(id);
}

void TargetSamplings::follow(GroupMask on) {
  const bool block = (on & group_bit(GT_GROUP_BLOCK)) != 0;
  if (auto done = goroutines_.want(!block); !done) notices_.add(done.error().message);
  const bool runs = block && (on & group_bit(GT_GROUP_RUN)) == 0;
  if (runs && !runs_ && !runs_unknown_) begin_runs();
  if (!runs_) return;
  if (auto done = runs_->want(runs); !done) notices_.add(done.error().message);
}

void TargetSamplings::begin_runs() {
  auto subject = target_->run_subject();
  if (!subject) {
    runs_unknown_ = true;
    notices_.add(
        "who runs and who waits for a CPU is not sampled: where this binary keeps its run queues is not "
        "known");
    return;
  }
  runs_.emplace(memory_of(target_), *std::move(subject), share_, door_);
  runs_->set_target(id_);
}

void TargetSamplings::stop() {
  goroutines_.stop();
  if (runs_) runs_->stop();
}

void TargetSamplings::mind_loss(std::uint64_t dropped) {
  goroutines_.mind_loss(dropped);
  if (runs_) runs_->mind_loss(dropped);
}

void TargetSamplings::tell(StatFacts& facts) const {
  if (goroutines_.ever_ran()) facts.sampling = goroutines_.facts();
  if (runs_ && runs_->ever_ran()) facts.run_sampling = runs_->facts();
}

}  // namespace gorotrace
