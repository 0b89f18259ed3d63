// A tracing session: the loaded programs, the reader and aggregator threads, and the targets with their
// governors. The control thread owns it and calls tick() every kTickMs; nothing here prints.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/capture.h"
#include "govern/governor.h"
#include "model/aggregator.h"
#include "report/facts.h"
#include "report/symbols.h"
#include "session/preempted_stacks.h"
#include "session/record_reader.h"
#include "session/target.h"
#include "session/target_census.h"

namespace gorotrace {

struct SessionOptions {
  GroupMask groups = 0;  // 0: no probe, no BPF; memory alone
  bool stacks = true;
  Budget budget;
  std::uint64_t interval_ns = 1'000'000'000;
  // Share of one CPU that looking at goroutines may take while the block group is off; 0: no census.
  double census_cpu = 0.05;
  CaptureOptions capture;
  // Every wait whose both ends were seen, as it ends; may be empty. Called on the aggregator thread.
  std::function<void(const Target&, const Wait&)> on_wait;
};

enum class TargetState { kTraced, kExited, kExeced };

// One target within a session.
struct Traced {
  std::unique_ptr<Target> target;
  TargetSlot slot = 0;
  Plan plan;
  TargetState state = TargetState::kTraced;
  std::unique_ptr<PreemptedStacks> preempted;
  std::unique_ptr<StackTable> stacks;
  std::unique_ptr<TargetCensus> census;
  std::vector<std::string> notices;  // what the user should know, in order, each once
  std::vector<Detachment> detached;
  GroupMask groups_on = 0, groups_at_end = 0;
  GroupMask incomplete = 0;    // see StatFacts
  std::uint64_t begin_ns = 0;  // all sites armed
  std::uint64_t end_ns = 0;    // first detach at the end, or death; 0 while it is traced
  CostFacts cost;
  std::optional<std::uint64_t> live_at_start;
  std::uint64_t of_c_threads_at_start = 0;
  std::optional<RuntimeCounters> counters_begin, counters_now;
  std::optional<Witness> witness;
  std::optional<Tables> final_tables;  // as of end_ns

  // Bookkeeping of Session.
  std::optional<Governor> governor;
  std::uint64_t cpu_at_begin_ns = 0;
  std::uint64_t next_look_ns = 0;
  std::uint64_t dropped_seen = 0;  // a gap since the last look calls for a new one
};

class Session {
 public:
  static constexpr int kTickMs = 50;

  // Loads and calibrates when options.groups is not empty. Attaches nothing.
  [[nodiscard]] static Result<std::unique_ptr<Session>> make(const SessionOptions& options);
  ~Session();  // detaches everything, then drains, then stops the threads

  // Arms the groups and reads all goroutines. On failure nothing of this target stays attached.
  [[nodiscard]] Status add(std::unique_ptr<Target> target);
  // Liveness, budget, periodic reads of memory. Cheap when nothing is due.
  void tick();
  // Turns groups of a target on or off while it runs.
  [[nodiscard]] Status set_groups(std::size_t target, GroupMask groups, const std::string& reason);
  // The end of the window: a last look at memory, then everything is detached. tables() answers as of then.
  void finish();

  [[nodiscard]] std::size_t size() const { return traced_.size(); }
  [[nodiscard]] bool any_alive() const;
  [[nodiscard]] const Traced& traced(std::size_t i) const { return *traced_[i]; }
  [[nodiscard]] Symbolizer& symbols(std::size_t i) { return *traced_[i]->stacks; }

  [[nodiscard]] Tables tables(std::size_t target);
  // Counters and totals now (or at the end of the window, once it has ended): what an interval line
  // subtracts.
  [[nodiscard]] Sample sample(std::size_t target);
  [[nodiscard]] StatFacts facts(std::size_t target) const;

  [[nodiscard]] EventFacts events() const;
  [[nodiscard]] std::optional<AttachMode> attach_mode() const;

 private:
  explicit Session(const SessionOptions& options) : options_(options) {}
  [[nodiscard]] Status arm(Traced& t);
  std::size_t look(Traced& t);  // goroutines made for threads of C (SnapshotCounts::extra)
  // On while nothing else tells who waits where: the targets share what it may cost.
  void mind_census(Traced& t);
  void charge_target(Traced& t, std::uint64_t now);
  void switch_groups(Traced& t, GroupMask want, const std::string& reason);
  void take_final_tables(Traced& t, std::uint64_t at_ns);
  void post_groups(const Traced& t, GroupMask groups, bool on, std::uint64_t at_ns);
  void end_target(Traced& t, std::uint64_t at_ns);
  [[nodiscard]] std::uint64_t as_of(const Traced& t);
  [[nodiscard]] std::optional<RuntimeCounters> read_counters(Traced& t);
  // The runtime's counters between two readings of our own totals.
  struct Reading {
    RuntimeCounters counters;
    Witness::Totals before, after;
  };
  [[nodiscard]] std::optional<Reading> reading(Traced& t);
  // The same behind a look. What the runtime makes for threads of C shows in memory only, so where there are
  // such goroutines the look has to hold at the reading too.
  [[nodiscard]] std::optional<Reading> look_and_read(Traced& t);

  SessionOptions options_;
  TrapCosts costs_;
  std::vector<std::unique_ptr<Traced>> traced_;
  // Reverse teardown order: the reader stops first, then the aggregator, then the programs go.
  std::unique_ptr<Capture> capture_;
  std::unique_ptr<Aggregator> aggregator_;
  std::unique_ptr<RecordReader> reader_;
};

}  // namespace gorotrace
