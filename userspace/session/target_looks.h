// Looks at one target's memory for its model: all goroutines, and the runtime's counters beside the model's
// own totals. Threads: control thread.
#pragma once

#include <cstdint>
#include <optional>

#include "evidence/facts.h"
#include "session/notices.h"
#include "session/pipeline.h"
#include "session/target.h"
#include "session/target_census.h"
#include "symbols/stack_table.h"

namespace gorotrace {

class TargetLooks {
 public:
  // All that is referred to outlives this object. While the census runs no look is due: it looks all the
  // time. `objects`: of what sync and chan see, memory tells whom a look finds waiting on it without an event
  // that said so.
  TargetLooks(Target& target, TargetId id, Pipeline& pipeline, const TargetCensus& census, Notices& notices,
              bool stacks, std::uint64_t interval_ns, GroupMask objects);

  std::size_t look();  // goroutines made for threads of C (SnapshotCounts::extra)
  [[nodiscard]] bool due(std::uint64_t now_ns) const { return now_ns >= next_ns_; }
  // Groups came on: waits from before have no event.
  void at(std::uint64_t at_ns) {
    next_ns_ = at_ns;
    objects_due_ = true;
  }
  // Something was lost when `dropped` grows: memory tells soon what it hid.
  void mind_loss(std::uint64_t dropped, std::uint64_t now_ns);

  // The runtime's counters between two readings of the model's totals.
  struct Reading {
    RuntimeCounters counters;
    Witness::Totals before, after;
  };
  // Behind a look. What the runtime makes for threads of C shows in memory only, so where there are such
  // goroutines the look has to hold at the reading too.
  [[nodiscard]] std::optional<Reading> look_and_read();
  bool read_counters();  // whether they could be had
  [[nodiscard]] const std::optional<RuntimeCounters>& counters() const {
    return counters_;
  }  // last ones read

 private:
  [[nodiscard]] std::optional<SeenObjects> objects_of(const Snapshot& snapshot) const;
  [[nodiscard]] std::optional<Reading> read();
  [[nodiscard]] std::optional<Witness::Totals> totals();

  Target& target_;
  TargetId id_;
  Pipeline& pipeline_;
  const TargetCensus& census_;
  Notices& notices_;
  StackDepth depth_;
  std::uint64_t interval_ns_;
  GroupMask objects_;
  bool objects_due_ = true;
  std::uint64_t next_ns_ = 0;
  std::uint64_t dropped_seen_ = 0;
  std::optional<RuntimeCounters> counters_;
};

}  // namespace gorotrace
