// The aggregator thread: takes batches of records from the reader, merges rings and CPUs into one order by time,
// finds holes in the (cpu, seq) numbering, and feeds the model of each target. The models live on this thread;
// the control thread talks to them through this class only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bpf/shared/abi.h"
#include "model/model.h"

namespace gorotrace {

// What one pass over the rings brought. Records of one ring are nearly in time order; rings are not ordered
// against each other. No record with time_ns < watermark_ns will come in a later batch, but for stragglers
// (a program preempted between its clock read and its reserve), which are applied late and counted.
struct RecordBatch {
  std::vector<std::vector<gt_record>> rings;
  std::uint64_t watermark_ns = 0;
};

class Aggregator {
 public:
  Aggregator();   // starts the thread
  ~Aggregator();  // applies what is queued, then joins

  void add_target(std::uint16_t slot, ModelConfig config);
  void remove_target(std::uint16_t slot);

  // Reader thread. Blocks while kMaxQueuedBatches are queued: the ring then fills and the kernel counts the loss.
  static constexpr std::size_t kMaxQueuedBatches = 64;
  void push(RecordBatch batch);

  // Control thread. Applied in time order with the records: a snapshot at its counts.begin_ns, a group at at_ns.
  void post(std::uint16_t slot, Snapshot snapshot);
  void post_group(std::uint16_t slot, gt_group group, bool on, std::uint64_t at_ns);
  // The kernel's count of dropped records, read at at_ns. More than the holes seen so far = a loss that no later
  // record has shown yet: a gap.
  void post_dropped(std::uint64_t dropped_total, std::uint64_t at_ns);

  // Wait until the watermark has passed at_ns (or timeout), then answer as of at_ns.
  [[nodiscard]] Tables tables(std::uint16_t slot, std::uint64_t at_ns);
  [[nodiscard]] Tables totals(std::uint16_t slot, std::uint64_t at_ns);

  struct Counts {
    std::uint64_t received = 0;  // records of all targets
    std::uint64_t holes = 0;     // sequence numbers that never came
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
