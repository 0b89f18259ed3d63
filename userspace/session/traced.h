// One target within a session: its probes, its sampling, the looks at its memory, and what they add up to.
// Threads: control thread, which waits for no read of a whole process but the last one, and not for long.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/facts.h"
#include "recording/recorder.h"
#include "session/last_dump.h"
#include "session/look_workers.h"
#include "session/notices.h"
#include "session/pipeline.h"
#include "session/process_source.h"
#include "session/sampling_share.h"
#include "session/stream_door.h"
#include "session/target.h"
#include "session/target_groups.h"
#include "session/target_life.h"
#include "session/target_looks.h"
#include "session/target_samplings.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct SessionOptions {
  GroupMask groups = 0;  // 0: no probe, no BPF; memory alone
  bool stacks = true;
  Budget budget;
  std::uint64_t interval_ns = 1'000'000'000;
  // Share of one CPU that looking at goroutines may take while the block group is off; 0: no sampling.
  double sample_cpu = 0.05;
  // Sampling looks at every goroutine each time, as often as its share affords: what dump() tells of.
  bool sampling_of_each = false;
  // Rows of waits are told apart by the values of the goroutine label with this key; "" = of none.
  std::string label_key = {};
  CaptureOptions capture;
  LinkSharing::Options sharing;
  // Gets every wait whose both ends were seen, as it ends; may be nullptr, else it outlives the session.
  WaitQueue* waits = nullptr;
  // Gets the stream, and names for it; likewise.
  Recorder* recorder = nullptr;
};

class Traced {
 public:
  // Plans and announces, attaches nothing. All that is referred to outlives the result.
  [[nodiscard]] static Result<std::unique_ptr<Traced>> make(std::unique_ptr<Target> target,
                                                            TargetId otherwise, Pipeline& pipeline,
                                                            SamplingShare& share, SessionWorkers& workers,
                                                            const SessionOptions& options);
  ~Traced() { shut(); }
  // Arms the groups: the window begins. All goroutines are read as soon as may be. On failure nothing stays
  // attached.
  [[nodiscard]] Status begin();
  // Liveness, budget, the looks that are due. Cheap when nothing is.
  void tick();
  // When it is to be looked after before the next regular tick.
  [[nodiscard]] std::optional<std::uint64_t> due_after(std::uint64_t now_ns) const {
    return life_.traced() ? groups_.due_after(now_ns) : std::nullopt;
  }
  [[nodiscard]] Status set_groups(GroupMask groups, const std::string& reason);
  // TargetLooks::refresh(): while it is traced.
  [[nodiscard]] bool refresh();
  void cap_budget(double cpus) { groups_.cap_budget(cpus); }

  // The window's end: each step is taken by all targets before the next one is.
  void begin_end(bool with_a_look);
  [[nodiscard]] bool looks_ended(std::uint64_t until_ns);
  void stop_looks();
  void leave_looks(std::uint64_t deadline_ns);
  void stop_sampling() { samplings_.stop(); }  // its last look belongs to the window
  void end_window(WindowEnd how, std::uint64_t at_ns);
  void detach();    // alone; done when its life has ended, which tick() sees
  void detached();  // by the pipeline's close
  void shut();      // before the pipeline goes
  // Behind the window's end: the process does not let go of whoever reads its memory.
  [[nodiscard]] bool held_up() const { return samplings_.held_up() || (looks_ && looks_->looking()); }
  // What the stream and the kernel hold of it. Nothing is asked of it any more.
  void forget();

  // Or a dump ends it, behind note_standing(), while the pipeline holds (LastDump). know_waits() and
  // know_creations(): behind the pipeline's close.
  void note_standing();  // asks the models, so before the pipeline holds
  void begin_dump(WaitsWanted waits);
  [[nodiscard]] bool dump_ready(std::chrono::nanoseconds patience) const { return dump_->ready(patience); }
  [[nodiscard]] Result<Dump> end_with_dump();
  void know_waits(Dump& dump);
  void know_creations(Dump& dump);

  // Why its window ended when what was known of its runtime did not hold.
  [[nodiscard]] const std::optional<Error>& contradiction() const { return looks_->contradiction(); }
  [[nodiscard]] const TargetLife& life() const { return life_; }
  [[nodiscard]] TargetId id() const { return id_; }
  [[nodiscard]] Target& target() { return *target_; }
  [[nodiscard]] Symbolizer& symbols() { return symbols_; }
  [[nodiscard]] Notices& notices() { return notices_; }

  // Once more than kMaxStacks distinct stacks were shown the others have no frames (StackTable).
  [[nodiscard]] Result<Tables> tables();
  // The runtime's counters, read by a worker: those that come until then are in the sample.
  void ask_counters();
  void await_counters(std::uint64_t until_ns);
  // What is known now without the models, whose answer comes later; as of the window's end when it is over.
  // Before the question of which complete() gets the answer.
  [[nodiscard]] Sample begin_sample();
  [[nodiscard]] Sample complete(Sample sample, const Answer& answer) const;
  [[nodiscard]] StatFacts facts() const;

 private:
  Traced(std::unique_ptr<Target> target, Pipeline& pipeline, SamplingShare& share, SessionWorkers& workers,
         const SessionOptions& options);
  [[nodiscard]] std::optional<CrossCheck> cross_check() const;
  void look_after();
  [[nodiscard]] TargetBegun begun() const;
  void name(StackTable& symbols) const;
  [[nodiscard]] Status record(Recorder& recorder) const;
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] std::uint64_t dropped_samples() const;
  [[nodiscard]] GroupMask seen_objects() const;
  [[nodiscard]] Status arm();
  void begin_looks(std::uint64_t begin_ns);
  void mind_phases(std::uint64_t now_ns);
  void note_work();
  void read_at_end_of_phase(GroupMask want);
  void follow_groups();
  void switch_groups(GroupMask want, TargetGroups::Why why, const std::string& reason);

  const SessionOptions& options_;
  Pipeline& pipeline_;
  SessionWorkers& workers_;
  std::shared_ptr<Target> target_;    // with whoever reads its memory
  std::shared_ptr<StreamDoor> door_;  // of its looks
  TargetId id_ = 0;
  TargetLife life_;
  Notices notices_;
  ProcessSource source_;
  StackTable symbols_;
  TargetGroups groups_;
  TargetSamplings samplings_;
  std::optional<TargetLooks> looks_;  // from the slot on

  bool proven_ = false;  // as of the last tick
  GroupMask groups_at_end_ = 0;
  bool lifecycle_throughout_ = false;
  StandingWaits standing_;  // of sampling, just before the dump
  std::optional<LastDump> dump_;
};

}  // namespace gorotrace
