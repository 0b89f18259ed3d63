// One target within a session: its probes, its census, the looks at its memory, and what they add up to.
// Threads: control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/facts.h"
#include "session/census_share.h"
#include "session/dump.h"
#include "session/notices.h"
#include "session/pipeline.h"
#include "session/process_source.h"
#include "session/target.h"
#include "session/target_census.h"
#include "session/target_groups.h"
#include "session/target_looks.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct SessionOptions {
  GroupMask groups = 0;  // 0: no probe, no BPF; memory alone
  bool stacks = true;
  Budget budget;
  std::uint64_t interval_ns = 1'000'000'000;
  // Share of one CPU that looking at goroutines may take while the block group is off; 0: no census.
  double census_cpu = 0.05;
  // The census looks at every goroutine each time, as often as its share affords: what dump() tells of.
  bool census_of_each = false;
  CaptureOptions capture;
  // Gets every wait whose both ends were seen, as it ends; may be nullptr, else it outlives the session.
  WaitQueue* waits = nullptr;
};

class Traced {
 public:
  // Plans and announces, attaches nothing. All that is referred to outlives the result.
  [[nodiscard]] static Result<std::unique_ptr<Traced>> make(std::unique_ptr<Target> target,
                                                            TargetId otherwise, Pipeline& pipeline,
                                                            CensusShare& share,
                                                            const SessionOptions& options);
  // Arms the groups and reads all goroutines: the window begins. On failure nothing stays attached.
  [[nodiscard]] Status begin();
  // Liveness, budget, the looks that are due. Cheap when nothing is.
  void tick();
  [[nodiscard]] Status set_groups(GroupMask groups, const std::string& reason);

  // The window's end: each step is taken by all targets before the next one is.
  void look_last();    // at memory
  void stop_census();  // asks the model, so before the pipeline holds
  void end_window(std::uint64_t at_ns);
  void detached() { groups_.gone(); }  // by the pipeline's close

  // Or a look ends it, while the pipeline holds: every goroutine as it is then. known_waits(): behind the
  // pipeline's close, since when each of them has waited, as far as watching has proven it.
  [[nodiscard]] Result<Dump> end_with_look(WaitsWanted waits);
  void know_waits(Dump& dump);

  [[nodiscard]] bool alive() const { return state_ == State::kTraced; }
  [[nodiscard]] TargetId id() const { return id_; }
  [[nodiscard]] bool window_open() const { return end_ns_ == 0; }
  [[nodiscard]] Target& target() { return *target_; }
  [[nodiscard]] Symbolizer& symbols() { return symbols_; }
  [[nodiscard]] Notices& notices() { return notices_; }

  // Once more than kMaxStacks distinct stacks were shown the others have no frames (StackTable).
  [[nodiscard]] Result<Tables> tables();
  // One now, from the model's totals as of then; when the window is over as of its end.
  void read_counters() { (void)looks_->read_counters(); }
  [[nodiscard]] Sample sample(std::uint64_t at_ns, Tables totals);
  [[nodiscard]] Result<Sample> last_sample();
  [[nodiscard]] StatFacts facts() const;

 private:
  enum class State { kTraced, kExited, kExeced };
  Traced(std::unique_ptr<Target> target, Pipeline& pipeline, CensusShare& share,
         const SessionOptions& options);
  [[nodiscard]] TargetBegun begun() const;
  [[nodiscard]] GroupMask seen_objects() const;
  [[nodiscard]] Status arm();
  // On while nothing else tells who waits where.
  void mind_census();
  void switch_groups(GroupMask want, const std::string& reason);
  [[nodiscard]] Sample sample_of(std::uint64_t at_ns, Tables totals) const;

  const SessionOptions& options_;
  Pipeline& pipeline_;
  std::unique_ptr<Target> target_;
  TargetId id_ = 0;
  State state_ = State::kTraced;
  Notices notices_;
  ProcessSource source_;
  StackTable symbols_;
  TargetGroups groups_;
  TargetCensus census_;
  std::optional<TargetLooks> looks_;  // from the slot on

  std::uint64_t begin_ns_ = 0;  // all sites armed
  std::uint64_t end_ns_ = 0;    // before the first detach at the end, or death; 0 while it is traced
  GroupMask groups_at_end_ = 0;
  std::optional<std::uint64_t> live_at_start_;
  std::uint64_t of_c_threads_at_start_ = 0;
  std::optional<RuntimeCounters> counters_begin_;
  std::optional<Witness> witness_;
  // Of the census, just before the look that ended the window.
  std::vector<StandingWait> standing_;
  std::vector<LastMove> moves_;
};

}  // namespace gorotrace
