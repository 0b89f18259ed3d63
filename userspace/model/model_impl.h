// The parts of a Model and what its three sides share: transitions.cpp (events), reconcile.cpp (memory),
// model.cpp (coverage and answers).
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/seeded_hash.h"
#include "model/blocking_rows.h"
#include "model/coverage.h"
#include "model/creation_rows.h"
#include "model/goroutine_table.h"
#include "model/lineage.h"
#include "model/objects.h"
#include "model/open_state.h"
#include "model/panic_account.h"
#include "model/pauses.h"
#include "model/state_time.h"

namespace gorotrace {

struct Model::Impl {
  explicit Impl(ModelConfig config);

  // goexit0 is seen at its entry, before the status says dead, and its thread may be preempted in between.
  // Goids are never used twice, so an exit that is remembered outweighs what memory says.
  static constexpr std::uint64_t kExitGraceNs = 1'000'000'000;

  // How a wait ended.
  enum class End { kSeen, kUnseen, kTainted };
  struct Woken {
    std::optional<Waker> waker;  // absent: nobody is known
    std::uint64_t goid;          // of a goroutine; else 0
  };

  // --- transitions.cpp
  void apply(const gt_record& record);
  void create(const gt_record& r, std::uint64_t t);
  void exit(Goroutine& g, const gt_record& r, std::uint64_t t);
  void park(Goroutine& g, const gt_record& r, std::uint64_t t);
  void wake(Goroutine& g, const gt_record& r, std::uint64_t t);
  void execute(Goroutine& g, std::uint64_t t);
  void syscall_exit(Goroutine& g, GState next, std::uint64_t t);
  void use_object(const gt_record& r);
  void apply_to(Goroutine& g, const gt_record& r, std::uint64_t t);
  void superseded(Goroutine& g, const gt_record& r);
  void extra_in(const gt_record& r, std::uint64_t t);

  // --- reconcile.cpp
  void apply(const Snapshot& snapshot);
  void apply(const SeenObjects& seen);
  void from_memory(Goroutine& g, const GoroutineSnapshot& seen);
  void count_extra(const SnapshotCounts& counts);

  // --- labels.cpp: whose label a wait has
  // A goroutine's g.labels, as its parks have told without a break since since_ns, and what they say.
  struct LabelRun {
    std::uint64_t labels = 0, since_ns = 0;
    LabelId label = kLabelNotRead;
  };
  void define(const std::vector<LabelValue>& values);
  // Of a wait that begins with this g.labels; of one of which it is not known.
  [[nodiscard]] LabelId label_of_park(const Goroutine& g, std::uint64_t labels, std::uint64_t t);
  [[nodiscard]] LabelId unknown_label() const { return config.by_label ? kLabelNotRead : kNoLabelAsked; }
  void inherit_label(const Goroutine& g, std::uint64_t creator, std::uint64_t t);
  void note_label(Goroutine& g, const GoroutineSnapshot& seen);
  void label_open_wait(Goroutine& g, LabelId label);

  // --- origins.cpp
  void born(Goroutine& g, const gt_record& r);  // its creation was seen
  // Its creation was not: what memory says of it. Its creator is followed once all are known.
  void remember(Goroutine& g, const GoroutineSnapshot& seen);
  void follow_parents(const std::vector<std::uint64_t>& goids);
  [[nodiscard]] std::uint64_t origin_key(std::uint32_t node) const;
  void place_origin(std::uint32_t node, std::uint64_t key, bool created_seen);

  // --- goroutines.cpp: one goroutine's life, whoever learns of it
  Goroutine& add(std::uint64_t goid, GState state, std::uint64_t since);
  // A goroutine nobody saw being created: from before the window, or (after the first snapshot) since.
  Goroutine& adopt(std::uint64_t goid, std::uint64_t t, bool extra = false);
  // It is a C thread's: neither created nor ended by coming and going.
  void set_extra(Goroutine& g);
  void count_created(Goroutine& g);
  void bind(Goroutine& g, std::uint64_t gopc, std::uint64_t startpc, std::uint64_t t);
  void end(Goroutine& g, std::uint64_t t, bool exited);  // g is gone afterwards
  // Brings a goroutine that a gap overtook up to date: its wait is tainted, its state unknown since the last
  // gap.
  void settle(Goroutine& g);
  // The time for which it was runnable until t, to its creation site.
  void book_runnable(const Goroutine& g, std::uint64_t t, GState as) {
    if (as == GState::kRunnable && g.site != kNone) creation[g.site].runnable_ns += t - g.since_ns;
  }
  void set_state(Goroutine& g, GState state, std::uint64_t t) { set_state(g, state, t, g.state); }
  void set_state(Goroutine& g, GState state, std::uint64_t t, GState book_as);
  void open_wait(Goroutine& g, const BlockingKey& key, std::uint64_t t);
  void begin_wait(Goroutine& g, const BlockingKey& key, std::uint64_t t);  // an event told of it
  void rebook_open_wait(Goroutine& g, const BlockingKey& key);             // more is known of it
  void close_wait(Goroutine& g, std::uint64_t t, End how, const Woken& by = {});
  [[nodiscard]] Waker runtime_waker_of(std::uint8_t reason) const;
  [[nodiscard]] Woken woken_by(const gt_record& r, std::uint8_t reason) const;
  void want_semaphore(Goroutine& g, std::uint64_t address);
  void forget_semaphore(Goroutine& g);
  void wait_on(Goroutine& g, ObjectRow::Kind kind, std::uint64_t address);

  [[nodiscard]] StateTime& time_of(const Goroutine& g) { return time[g.has(kSystem) ? 1 : 0]; }
  [[nodiscard]] bool block_on() const { return coverage.is_on(GT_GROUP_BLOCK); }
  // An event at t says something lasting: the group that would tell its end is on, and nothing is being lost.
  [[nodiscard]] bool lasting(gt_group group, std::uint64_t t) const {
    return coverage.is_on(group) && t >= lossy_until && t >= coverage.since(group);
  }
  [[nodiscard]] GState if_lasting(GState s, std::uint64_t t) const {
    if (!lasting(s == GState::kSyscall ? GT_GROUP_SYSCALL : GT_GROUP_BLOCK, t)) return GState::kUnknown;
    return is_awake(s) && !lasting(GT_GROUP_RUN, t) ? GState::kAwake : s;
  }
  [[nodiscard]] static bool is_awake(GState s) {
    return s == GState::kRunning || s == GState::kRunnable || s == GState::kAwake;
  }
  [[nodiscard]] static bool may_run(const Goroutine& g) {
    return g.state == GState::kRunning || g.state == GState::kAwake;
  }
  // The state rests on events, so an event that does not fit it is wrong.
  [[nodiscard]] bool certain(const Goroutine& g) const {
    return g.state != GState::kUnknown && !g.has(kFromMemory) && block_on();
  }
  void expect(const Goroutine& g, bool fits) {
    if (!fits && certain(g)) ++illegal;
  }
  // From when on a goroutine without an event of the group has not changed.
  [[nodiscard]] std::uint64_t quiet_since(gt_group group = GT_GROUP_BLOCK) const {
    return std::max({window_from, lossy_until, coverage.since(group)});
  }
  // open_waits.cpp: an open wait, since when at the latest; nullopt: nothing proves one.
  [[nodiscard]] std::optional<OpenWait> proven_wait(const Goroutine& g) const;
  void forget_all(std::uint64_t at_ns);
  [[nodiscard]] static std::uint64_t less(std::uint64_t now, std::uint64_t before) {
    return now > before ? now - before : 0;
  }
  void start_window(std::uint64_t at_ns) {
    if (!window_open) window_from = at_ns;
    window_open = true;
  }
  [[nodiscard]] std::uint64_t lost_at(const Goroutine& g) const;  // the first gap since g was last up to date
  [[nodiscard]] std::uint64_t known_until(const Goroutine& g, std::uint64_t at) const;
  void fill_rows(Tables& out, std::uint64_t at) const;
  void fill_stacks(Tables& out) const;
  void forget_stacks();
  [[nodiscard]] Tables totals(std::uint64_t at_ns) const;

  // --- open_state.cpp, restore.cpp: model/open_state.h
  [[nodiscard]] OpenState open_state(std::uint64_t at_ns) const;
  [[nodiscard]] Goroutine settled(const Goroutine& g) const;  // as settle() would leave it
  void describe(const Goroutine& g, OpenGoroutine& out) const;
  [[nodiscard]] std::uint32_t describe_lineage(std::uint32_t node, std::vector<OpenCreation>& out,
                                               std::vector<std::uint32_t>& places) const;
  [[nodiscard]] Status restore(const OpenState& open);
  [[nodiscard]] Status restore(const OpenGoroutine& open, std::uint64_t at_ns);
  [[nodiscard]] Status restore_wait(Goroutine& g, const OpenStay& open, std::uint64_t before_ns);
  [[nodiscard]] Status restore_lineage(const OpenState& open);

  ModelConfig config;
  std::uint8_t reason_preempted = 0, reason_coroutine = 0;
  std::vector<WakerKind> runtime_wakers;  // by wait reason
  std::vector<bool> semaphore_reason;     // by wait reason: parked by semacquire1
  std::vector<bool> select_reason;        // by wait reason: on several channels

  GoroutineTable goroutines;
  StateTime time[2];  // of user and of system goroutines
  LiveIntegral live[2];
  BlockingRows blocking{BlockingRows::WhenFull::kFold};
  CreationRows creation;
  Lineage lineage;
  Objects objects;
  StackDefinitions stacks;
  std::vector<Wait> waits;  // with config.keep_waits
  // By goid: the last semacquire1 argument not yet followed by another kind of park (it parks again when it
  // was woken in vain).
  SeededMap<std::uint64_t, std::uint64_t> semaphores;
  SeededMap<std::uint64_t, LabelRun> label_runs;  // by goid, with config.by_label; without: it has no labels,
                                                  // or nothing is known
  std::map<LabelId, std::string> label_values;
  Coverage coverage;
  Latency latency;
  PanicAccount panics;
  Pauses pauses;

  bool window_open = false, snapshot_seen = false;
  std::uint64_t window_from = 0;
  std::uint64_t now = 0;
  std::uint64_t lossy_until = 0;
  std::uint32_t epoch = 0, epoch_base = 0;
  std::vector<std::uint64_t> forgotten_at;  // [i]: when epoch epoch_base + i ended
  std::uint16_t look = 0;
  std::uint64_t look_began_ns = 0;

  // Exits of late, so that a snapshot that read a goroutine before it exited does not revive it.
  struct Exit {
    std::uint64_t goid, at_ns;
  };
  std::deque<Exit> exits;
  std::uint64_t exits_complete_from = 0;

  std::uint64_t created = 0, exited = 0, created_system = 0, exited_system = 0;
  // Of a model that began from a checkpoint: what its sums said there, of goroutines whose real beginnings
  // they are made of.
  struct Before {
    std::array<std::uint64_t, kGStates> state_ns{};
    std::uint64_t live_integral_ns = 0, created = 0;
  };
  Before before;
  std::uint64_t of_c_threads = 0;
  std::size_t extra_made = 0;  // at the last whole look
  std::uint64_t parks = 0, unparks = 0, syscalls = 0;
  std::uint64_t late = 0, illegal = 0, gaps = 0, overflow = 0, without_stack = 0;
};

}  // namespace gorotrace
