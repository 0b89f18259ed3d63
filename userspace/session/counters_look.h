// The runtime's counters as a worker reads them for control: a few words, and yet a process can hold up
// whoever reads them (base/crew.h). Shared, for it may be left behind in a read.
// Threads: a worker's, one at a time.
#pragma once

#include <memory>
#include <optional>

#include "model/target_id.h"
#include "session/stream_door.h"
#include "session/target.h"

namespace gorotrace {

class CountersLook {
 public:
  CountersLook(std::shared_ptr<Target> target, TargetId id, std::shared_ptr<StreamDoor> door);

  // They are in the stream, too. nullopt: they cannot be had.
  [[nodiscard]] std::optional<RuntimeCounters> take();

 private:
  const std::shared_ptr<Target> target_;
  const TargetId id_;
  const std::shared_ptr<StreamDoor> door_;
  std::optional<CounterReader> reader_;
};

}  // namespace gorotrace
