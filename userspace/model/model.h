// The state machine of one target's goroutines and the tables built from it. Pure: takes records and
// snapshots in time order, answers with tables; no kernel, no process, no clock of its own. Threads: one
// owner (stream/model_sink.h); tables() returns values that may go anywhere. Memory: bounded by live
// goroutines and distinct (reason, stack), creation sites, objects, all with an upper limit; not by run time.
//
// Words (count, in_window, tainted, covered, ...) are used exactly as userspace/README.md "Words" defines
// them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "bpf/shared/abi.h"
#include "model/histogram.h"
#include "model/panics.h"
#include "model/pause_tables.h"
#include "model/stack_definitions.h"
#include "snapshot/goroutines.h"
#include "snapshot/label_values.h"

namespace gorotrace {

// kAwake: running or runnable, which only the run group could tell (execute; and who yields runs on for the
// block group).
enum class GState : std::uint8_t { kUnknown, kRunning, kRunnable, kWaiting, kSyscall, kAwake, kCount };
template <>
inline constexpr auto kEnumNames<GState> = enum_names<GState>({
    {GState::kUnknown, "unknown"},
    {GState::kRunning, "running"},
    {GState::kRunnable, "runnable"},
    {GState::kWaiting, "waiting"},
    {GState::kSyscall, "syscall"},
    {GState::kAwake, "running_or_runnable"},
});
inline constexpr std::size_t kGStates = static_cast<std::size_t>(GState::kCount);

enum class WakerKind : std::uint8_t { kGoroutine, kTimer, kNetpoll, kGc, kRuntime };
template <>
inline constexpr auto kEnumNames<WakerKind> = enum_names<WakerKind>({
    {WakerKind::kGoroutine, "goroutine"},
    {WakerKind::kTimer, "timer"},
    {WakerKind::kNetpoll, "netpoll"},
    {WakerKind::kGc, "gc"},
    {WakerKind::kRuntime, "runtime"},
});

struct Interval {
  std::uint64_t from_ns, to_ns;
  bool operator==(const Interval&) const = default;
};

struct Waker {
  WakerKind kind = WakerKind::kGoroutine;
  std::uint64_t stack = 0;  // of a goroutine; 0 = not seen
  auto operator<=>(const Waker&) const = default;
};

// One wait whose park and unpark were both seen.
struct Wait {
  std::uint64_t goid, start_ns, end_ns, stack;
  std::uint8_t reason;
  bool in_syscall, system;
  std::optional<Waker> waker = {};  // absent of a system call, and where a read of it failed
  std::uint64_t waker_goid = 0;     // of a goroutine
};

// One wait (or system call) that goes on, as far as events prove it: from since_ns on without a break.
struct OpenWait {
  std::uint64_t goid = 0, since_ns = 0;
  std::uint8_t reason = 0;  // meaningless in a system call
  bool in_syscall = false;
  bool park_seen = false;  // it began at since_ns; else it waited then already
};
// A goroutine ran, or began, or was woken, at_ns or later: it has not waited since longer ago.
struct LastMove {
  std::uint64_t goid = 0, at_ns = 0;
};
struct OpenWaits {
  std::uint64_t at_ns = 0;  // they were open then
  std::vector<OpenWait> waits;
  std::vector<LastMove> moves = {};  // of every goroutine that made an event
};

// How goroutines that live, and creators of such, were made.
struct SeenCreation {
  std::uint64_t goid = 0, creator = 0;  // creator 0: the runtime, or not known
  std::uint64_t stack = 0;              // the creator's at the go statement; 0 = not seen
  std::uint64_t gopc = 0, startpc = 0;
};
struct SeenCreations {
  std::vector<SeenCreation> creations;
  NamedStacks stacks = {};
};

// What the model must know of the target; filled by its owner.
struct ModelConfig {
  std::vector<std::string> wait_reasons;  // index = g.waitreason; decides the waker's kind
  bool keep_waits = false;                // for take_waits()
  bool by_label = false;                  // rows of waits are told apart by a label's value, too
};

struct BegunWaits;  // model/blocking_rows.h
struct OpenState;   // model/open_state.h

struct WakerRow {
  WakerKind kind = WakerKind::kGoroutine;
  std::uint64_t stack = 0;  // 0 for runtime wakers
  std::uint64_t count = 0;
  bool operator==(const WakerRow&) const = default;
};

// Goroutine-time by looking at goroutines now and then (sampling/): an estimate and its standard error.
struct SampledTime {
  std::uint64_t ns = 0, error_ns = 0;
  std::uint64_t proven_ns = 0;  // of ns: one and the same wait was proven to go on
  // Nothing was estimated: every moment of it lies between two looks that prove it.
  [[nodiscard]] bool exact() const { return error_ns == 0 && proven_ns == ns; }
  bool operator==(const SampledTime&) const = default;
};

// What the waits of a row go by: the clock, or one of the runtime's own counts of what the program did.
enum class GoesBy : std::uint8_t { kTime, kTimedRuns, kSyscalls, kCreated, kCount };
template <>
inline constexpr auto kEnumNames<GoesBy> = enum_names<GoesBy>({
    {GoesBy::kTime, "time"},
    {GoesBy::kTimedRuns, "timed runs"},
    {GoesBy::kSyscalls, "syscalls"},
    {GoesBy::kCreated, "created"},
});

// How many waits began in the whole window, of which the probes saw parts (sampling/phase_counts.h): an
// estimate and its standard error; nullopt: of too few parts to tell.
struct EstimatedCount {
  std::uint64_t count = 0;
  std::optional<std::uint64_t> error;
  GoesBy by = GoesBy::kTime;
  bool operator==(const EstimatedCount&) const = default;
};

struct BlockingRow {  // wait reason x blocking stack, x value of a label with ModelConfig::by_label
  std::uint8_t reason = 0;
  std::uint64_t stack = 0;
  bool in_syscall = false;  // row of goroutines in a syscall or cgo call; reason is meaningless
  bool system = false;
  // Of the row of other stacks (stack 0): how many rows of this reason were folded into it when the table was
  // full. 0 for every row of one stack.
  std::uint64_t folded = 0;
  Histogram waits;  // both ends seen
  std::uint64_t ended_unknown = 0, tainted = 0;
  std::uint64_t in_window_ns = 0;
  std::uint64_t blocked_now = 0;
  std::optional<std::uint64_t>
      oldest_ns;  // age of the oldest open wait; lower bound when oldest_is_lower_bound
  bool oldest_is_lower_bound = false;
  // What sampling adds: a part of in_window_ns, and the waits that were longer than two of its looks, each
  // known to one look (they are in no other figure of this row but in_window_ns).
  std::optional<SampledTime> sampled;
  Histogram long_waits;
  std::optional<EstimatedCount> begun;  // while probes are on in phases
  std::vector<WakerRow> wakers;  // most frequent first, at most kTopWakers, the rest summed in wakers_other
  std::uint64_t wakers_other = 0;
  LabelId label = kNoLabelAsked;
  // The creation site of all its goroutines: what is cut off a deep stack begins there. 0: several, or not
  // known.
  std::uint64_t gopc = 0, startpc = 0;
  bool operator==(const BlockingRow&) const = default;
};

// One go statement on the way from a goroutine back to the program's own code.
struct CreationLink {
  std::uint64_t stack = 0;              // of who ran it; 0 = not seen
  std::uint64_t gopc = 0, startpc = 0;  // the statement, and what it starts
  std::uint64_t creator = 0;            // goid of who ran it; 0 = several, the runtime, or not known
  bool operator==(const CreationLink&) const = default;
};

struct CreationRow {  // (gopc, startpc)
  std::uint64_t gopc = 0, startpc = 0;
  bool system = false;
  struct Stack {
    std::uint64_t stack, created;
    bool operator==(const Stack&) const = default;
  };
  std::vector<Stack> stacks;
  std::uint64_t live = 0, created = 0, exited = 0;
  std::optional<std::uint64_t> oldest_ns;
  bool oldest_is_lower_bound = false;
  std::optional<SampledTime> sampled = std::nullopt;  // what its goroutines lived while sampling looked
  // Its goroutines by the go statements that led to them: the row's own first, then that which made the
  // creator, and so on. A chain ends with the first stack that has the program's own code in it, or where no
  // more is known. Most live first. Goroutines of which nothing is known are in none.
  struct Origin {
    std::vector<CreationLink> links;
    std::uint64_t created = 0, live = 0;
    bool operator==(const Origin&) const = default;
  };
  std::vector<Origin> origins = {};
  // Goroutine-nanoseconds for which its goroutines waited for a CPU, and how many do now.
  std::uint64_t runnable_ns = 0, runnable_now = 0;
  bool operator==(const CreationRow&) const = default;
};

struct ObjectRow {  // channel or semaphore
  enum class Kind { kChannel, kSemaphore } kind = Kind::kChannel;
  std::uint64_t address = 0;
  // A select waits on all its channels and is booked at one, the first in lock order: selects of the waits.
  std::uint64_t waits = 0, selects = 0, in_window_ns = 0, blocked_now = 0;
  std::uint64_t sends = 0, receives = 0, closes = 0, would_block = 0;  // chan group
  std::uint64_t acquires = 0, releases = 0;                            // sync group
  // Of the last one that began to wait for it: says what a semaphore is part of. Stack 0: not known.
  std::uint64_t waiter_stack = 0;
  std::uint8_t waiter_reason = 0;
  std::vector<WakerRow> releasers;  // of a semaphore the callers of semrelease1, of a channel who ended waits
  bool operator==(const ObjectRow&) const = default;
};
template <>
inline constexpr auto kEnumNames<ObjectRow::Kind> = enum_names<ObjectRow::Kind>({
    {ObjectRow::Kind::kChannel, "channel"},
    {ObjectRow::Kind::kSemaphore, "semaphore"},
});

// What memory proves of a wait that a snapshot saw, and whose park no event told of.
struct SeenObject {
  std::uint64_t goid = 0, address = 0;
  ObjectRow::Kind kind = ObjectRow::Kind::kChannel;
  std::uint64_t read_at_ns = 0;  // the snapshot saw the wait then
};
struct SeenObjects {
  std::uint64_t end_ns = 0;  // the objects were read by then, behind the snapshot
  std::vector<SeenObject> objects;
};

// Of the goroutines that are running or runnable: how many ran, and how many waited for a CPU, by looking at
// the Ps and their queues now and then. The runtime's own are among those that waited.
struct SampledRuns {
  SampledTime running, runnable;
  std::uint64_t runnable_last = 0, last_look_ns = 0;  // at the last look, and when that was
  std::vector<Interval> covered;
  bool operator==(const SampledRuns&) const = default;
};

// What BlockingRow::begun is estimated by.
struct CountedPhases {
  std::uint64_t count = 0;  // phases with a reading of the runtime's count at both ends
  Interval window{};        // between the first and the last reading of all
  bool operator==(const CountedPhases&) const = default;
};

struct Latency {
  Histogram histogram;
  std::uint64_t inferred = 0;  // runs whose wake-up was not seen: no latency
  // Of the histogram's total that in which the world stood still, and how many of its runs that held up;
  // where the group gc was off, none.
  std::uint64_t stopped_ns = 0, held_up = 0;
  bool operator==(const Latency&) const = default;
};

struct Tables {
  std::uint64_t at_ns = 0;
  std::array<std::uint64_t, kGStates> state_ns{};  // goroutine-nanoseconds, system goroutines out
  std::uint64_t live_integral_ns = 0;              // from created/exited counting, independent of state_ns
  std::array<std::uint64_t, kGStates> in_state{};  // goroutines in each state now
  std::uint64_t live = 0, system = 0;              // live: system ones out
  std::uint64_t created = 0, exited = 0;           // since the start, system ones included
  std::uint64_t created_system = 0, exited_system = 0;
  // Goroutines of C threads (runtime/proc.go needm): of `live`, those in Go now. The runtime makes them
  // ahead, as system goroutines, which is when they count as created, and never ends them: a thread takes one
  // and gives it back.
  std::uint64_t of_c_threads = 0;
  std::uint64_t parks = 0, unparks = 0, syscalls = 0;
  // Memory has shown all goroutines at least once: those from before the window are in it. Without it what
  // they do shows as far as events told of them.
  bool looked = false;
  std::uint64_t late = 0;     // records that came behind the watermark
  std::uint64_t illegal = 0;  // transitions the state machine does not allow without loss
  std::uint64_t gaps = 0;
  std::uint64_t table_overflow = 0;  // events whose row would have passed the bound of a table
  // Why a row may not show its stack: rows of blocking that were folded into one per reason; events whose
  // stack could not be recorded; stacks that rows name and nobody could define.
  std::uint64_t rows_folded = 0, events_without_stack = 0, stacks_undefined = 0;
  std::vector<BlockingRow> blocking;
  std::vector<CreationRow> creation;
  std::vector<ObjectRow> objects;
  Latency latency;
  Panics panics;
  PauseTables pauses;
  std::array<std::vector<Interval>, GT_GROUP_COUNT> covered;  // by group
  // While sampling stands in for the block group (sampling/combine.h): its part of state_ns, and when that
  // was.
  std::array<SampledTime, kGStates> sampled_state{};
  std::vector<Interval> covered_by_sampling;
  std::optional<CountedPhases> phases;
  std::optional<SampledRuns> runs;              // while no probe tells who runs: of kAwake, not beside it
  NamedStacks stacks;                           // those that the rows above name
  std::map<LabelId, std::string> label_values;  // likewise
  bool operator==(const Tables&) const = default;
};

class Model {
 public:
  static constexpr std::size_t kTopWakers = 8;
  explicit Model(ModelConfig config);
  ~Model();

  // In time order (the merger sees to it); a record older than the last one is counted late and still
  // applied.
  void apply(const gt_record& record);
  // What records and snapshots name, told before they do. The first definition of a stack holds.
  void define(std::uint64_t stack, StackRef pcs);
  void define(std::uint64_t value, const PanicValue& what);
  void describe(std::uint64_t startpc, bool system);
  // nullptr when it was never defined, or its definition was forgotten.
  [[nodiscard]] StackRef stack(std::uint64_t id) const;
  // This record will be applied soon: hides the cache miss of its goroutine behind the records before it.
  void prefetch(const gt_record& record) const;
  // The memory's view. Its goroutines are merged by goid at their read_at_ns; goroutines the model knows and
  // the snapshot has not are ended (unless created after the snapshot began, or it did not reach all). Apply
  // it after the records up
  // to its counts.end_ns; what events said after a goroutine was read stands against the snapshot.
  // With ModelConfig::by_label: a wait that goes on has the label that was read, all of it; so has each later
  // wait of the goroutine as long as its parks tell of no other g.labels, and each of those that it makes.
  void apply(const Snapshot& snapshot);
  // What goroutines of that snapshot wait on. Apply it after the records up to its end_ns: a wait without an
  // event from one to the other is one wait, and it was on that object all the time.
  void apply(const SeenObjects& seen);
  // Values of a label that rows may name.
  void define(const std::vector<LabelValue>& values);
  // Records were lost somewhere in (from_ns, to_ns]. To be called before records of that interval are
  // applied: every state becomes unknown at from_ns, every open wait tainted, and until to_ns no event
  // establishes a state (its end could be among what was lost). Creations, exits and counts go on.
  void gap(std::uint64_t from_ns, std::uint64_t to_ns);
  // A group went on or off at at_ns: coverage; going off makes what depends on it unknown.
  void group(gt_group group, bool on, std::uint64_t at_ns);
  // Time passes without events.
  void advance(std::uint64_t at_ns);

  [[nodiscard]] Tables tables(std::uint64_t at_ns) const;
  // The cheap part of tables(): everything but rows. For interval lines.
  [[nodiscard]] Tables totals(std::uint64_t at_ns) const;
  // What is open at at_ns and was watched without a gap: by the block group, system calls by the syscall
  // group.
  [[nodiscard]] OpenWaits open_waits(std::uint64_t at_ns) const;
  // Of the program's own goroutines those of which open_waits() proves a wait, or a system call, longer than
  // each of these. nullopt: the block group is off. Allocates nothing that grows with the goroutines.
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> waiting_longer(
      std::uint64_t at_ns, const std::vector<std::uint64_t>& than_ns) const;
  // How many panics and fatal errors there were so far.
  [[nodiscard]] std::uint64_t panics() const;
  [[nodiscard]] SeenCreations creations() const;
  // How many waits have begun by row, system calls aside.
  [[nodiscard]] BegunWaits begun() const;
  // What it takes to go on from here, as of at_ns (model/open_state.h).
  [[nodiscard]] OpenState open_state(std::uint64_t at_ns) const;
  // Goes on from there: of a model that was told nothing but definitions of stacks. Error: the state
  // contradicts itself, or is larger than a model's; then this one is of no use.
  [[nodiscard]] Status restore(const OpenState& open);
  // The waits that ended since the last call, with ModelConfig::keep_waits.
  [[nodiscard]] std::vector<Wait> take_waits();
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
