// One target's memory as a worker reads it for the target's model: all goroutines, what they wait on, and the
// runtime's counters beside the model's own totals. What it finds it posts into the stream itself.
// Shared, for it may be left behind in a read (base/crew.h). Threads: a worker's, one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "evidence/facts.h"
#include "model/target_id.h"
#include "sampling/label_look.h"
#include "session/stream_door.h"
#include "session/target.h"

namespace gorotrace {

struct LookOrder {
  bool goroutines = true;
  bool objects = false;  // of the goroutines that are read
  bool reading = false;
};

// The runtime's counters between two readings of the model's totals.
struct CountersReading {
  RuntimeCounters counters;
  CrossCheck::Totals before, after;
};

struct LookResult {
  Proof proof = Proof::kHolds;  // else nothing was read
  Error contradiction;          // what its goroutines contradict
  Status goroutines;            // why there are none
  SnapshotCounts counts;
  std::uint64_t took_ns = 0;  // all of the last look at goroutines
  bool objects_read = false;  // what was found is in the stream
  std::optional<CountersReading> reading;
  std::optional<Tables> totals;  // the model's, behind the reading
};

class MemoryLook {
 public:
  struct Wanted {
    bool stacks = true;
    // Of what sync and chan see, memory tells whom a look finds waiting on it without an event that said so.
    GroupMask objects = 0;
    std::string label_key = {};  // of this label each look reads the values; "" = of none
  };
  MemoryLook(std::shared_ptr<Target> target, TargetId id, std::shared_ptr<StreamDoor> door, Wanted wanted);

  // Of a target that is not proven it tries to prove it first.
  [[nodiscard]] LookResult take(const LookOrder& order, const std::stop_token& stop);

 private:
  void look(bool objects, const std::stop_token& stop, LookResult& out);
  [[nodiscard]] bool read_objects(const Snapshot& snapshot, const std::stop_token& stop,
                                  SeenObjects& out) const;
  void read_labels(Snapshot& snapshot, const std::stop_token& stop);
  void read(const std::stop_token& stop, LookResult& out);
  [[nodiscard]] std::optional<Tables> totals(const std::stop_token& stop);

  const std::shared_ptr<Target> target_;
  const TargetId id_;
  const std::shared_ptr<StreamDoor> door_;
  const StackDepth depth_;
  const GroupMask objects_;
  const LabelSubject label_;
  LabelValues label_values_;
  // Of its own: control reads the counters, too, and both remember what they read.
  std::optional<CounterReader> counters_;
};

}  // namespace gorotrace
