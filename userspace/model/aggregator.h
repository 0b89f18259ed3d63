// The aggregator thread: takes batches of records from the reader, merges rings and CPUs into one order by
// time, finds holes in the (cpu, seq) numbering, and feeds the model of each target. The models live on this
// thread; the control thread talks to them through this class only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bpf/shared/abi.h"
#include "model/model.h"
#include "model/target_id.h"

namespace gorotrace {

// What one pass over the rings brought. Records of one ring are nearly in time order; rings are not ordered
// against each other. No record with time_ns < watermark_ns will come in a later batch, but for stragglers
// (a program preempted between its clock read and its reserve), which are applied late and counted.
struct RecordBatch {
  std::vector<std::vector<gt_record>> rings;
  std::uint64_t watermark_ns = 0;
  // The kernel's count of dropped records of each live target, read after this pass drained the rings, and
  // when it was read. With it a loss is known before any record behind it is applied, touches the target that
  // lost and no other, and a sequence number that is merely late is no loss. Without it a hole in (cpu, seq)
  // is taken for a loss of every target somewhere between the last watermark and this one.
  struct Dropped {
    std::vector<std::pair<TargetId, std::uint64_t>> targets;  // read between at_ns ...
    std::uint64_t at_ns = 0;
    std::uint64_t read_until_ns = 0;  // ... and this; 0 = at once
  };
  std::optional<Dropped> dropped;
};

class Aggregator {
 public:
  Aggregator();   // starts the thread
  ~Aggregator();  // applies what is queued, then joins

  void add_target(TargetId target, ModelConfig config);
  void remove_target(TargetId target);

  // Reader thread. Blocks while kMaxQueuedBatches are queued: the ring then fills and the kernel counts the
  // loss.
  static constexpr std::size_t kMaxQueuedBatches = 64;
  void push(RecordBatch batch);

  // Control thread. Applied in time order with the records: a snapshot at its counts.end_ns (each goroutine
  // of it holds at its own read_at_ns), a group at at_ns. Before the first batch, and when no batch ever
  // comes (no probes), at once.
  void post(TargetId target, Snapshot snapshot);
  void post(TargetId target, SeenObjects seen);  // at its end_ns
  void post_group(TargetId target, gt_group group, bool on, std::uint64_t at_ns);

  // The window of a target ends: its model stays as it is at at_ns, and takes of what comes later only
  // records from before (late ones). Every later question is answered as of then.
  void post_end(TargetId target, std::uint64_t at_ns);

  // Any thread. Wait until the watermark has passed at_ns, or kAnswerTimeoutMs, then answer as of at_ns;
  // Tables::at_ns tells up to when the records were complete. An unknown target gives nothing.
  static constexpr unsigned kAnswerTimeoutMs = 2000;
  [[nodiscard]] Tables tables(TargetId target, std::uint64_t at_ns);
  [[nodiscard]] Tables totals(TargetId target, std::uint64_t at_ns);
  [[nodiscard]] OpenWaits open_waits(TargetId target, std::uint64_t at_ns);

  struct Counts {
    std::uint64_t received = 0;   // records of all targets
    std::uint64_t discarded = 0;  // of them, records of a target that is not, or no longer, here
    std::uint64_t holes = 0;      // sequence numbers that have not come; a CPU's first is 0
  };
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] std::uint64_t received(TargetId target) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
