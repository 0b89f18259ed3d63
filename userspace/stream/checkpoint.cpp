#include "stream/checkpoint.h"

#include <algorithm>

namespace gorotrace {

Checkpoint checkpoint_of(const Models::Of& of, std::uint64_t at_ns) {
  return {.model = of.model->open_state(std::min(at_ns, of.end_ns)),
          .end_ns = of.end_ns,
          .counters = of.counters,
          .cost = of.cost,
          .classes = of.estimator.classes()};
}

StackRef stack_of(const Models::Of& of, std::uint64_t id) {
  StackRef known = of.model->stack(id);
  return known ? known : of.estimator.stack(id);
}

Status Models::restore(TargetId target, const Checkpoint& checkpoint) {
  const auto found = models_.find(target);
  if (found == models_.end())
    return fail(ErrorKind::kFailed, "the checkpoint is of a target that has not begun");
  Of& of = found->second;
  if (Status done = of.model->restore(checkpoint.model); !done) {
    models_.erase(found);
    return done;
  }
  of.end_ns = checkpoint.end_ns;
  of.counters = checkpoint.counters;
  of.cost = checkpoint.cost;
  of.lifecycle_probed = checkpoint.model.groups[GT_GROUP_LIFECYCLE].on;
  of.estimator.define(checkpoint.classes, *of.model);
  of.estimator.block(checkpoint.model.groups[GT_GROUP_BLOCK].on);
  return {};
}

}  // namespace gorotrace
