// Makes the stream: takes batches of records from the reader, merges rings and CPUs into one order by time,
// puts in at their time what others post, defines what records name, and hands the items to the sinks. A
// thread of its own, which waits for no sink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bpf/shared/abi.h"
#include "stream/item_sink.h"
#include "stream/losses.h"
#include "stream/target_source.h"

namespace gorotrace {

// What one pass over the rings brought. Records of one ring are nearly in time order; rings are not ordered
// against each other. No record with time_ns < watermark_ns will come in a later batch, but for stragglers
// (a program preempted between its clock read and its reserve), which are applied late and counted.
struct RecordBatch {
  std::vector<std::vector<gt_record>> rings;
  std::uint64_t watermark_ns = 0;
  // Read after this pass drained the rings. With it a loss is known before any record behind it is told, and
  // a sequence number that is merely late is no loss. Without it a hole in (cpu, seq) is taken for a loss of
  // any target somewhere between the last watermark and this one.
  std::optional<DropCounts> dropped;
};

class Router {
 public:
  explicit Router(std::vector<ItemSink*> sinks);  // they outlive it; starts the thread
  ~Router();                                      // hands on what is queued, then joins

  // Control thread. The target's first item, whatever the time. `source` is asked until forget() returns.
  void begin(TargetId target, TargetBegun begun, TargetSource& source);
  // Its records, and what was posted for it and has not been told, are ignored from here on.
  void forget(TargetId target);
  // Any thread. In its place in time among the records, or at once when that has passed; at once, too, before
  // the first batch (without probes none comes). Sampling ticks may wait for what is posted or pushed next.
  // TargetEnded ends the window at its time: nothing from behind it is told, and of what comes later only
  // records from before.
  void post(Item item);

  // Reader thread. Blocks while kMaxQueuedBatches are queued: the ring then fills and the kernel counts the
  // loss.
  static constexpr std::size_t kMaxQueuedBatches = 64;
  void push(RecordBatch batch);

  struct Counts {
    std::uint64_t received = 0;   // records of all targets
    std::uint64_t discarded = 0;  // of them, records of a target that is not, or no longer, here
    std::uint64_t holes = 0;      // sequence numbers that have not come; a CPU's first is 0
  };
  // Any thread.
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] std::uint64_t received(TargetId target) const;
  // Of them, those of its window that are told: all of it once a sink knows that the time is past its end.
  [[nodiscard]] std::uint64_t told(TargetId target) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
