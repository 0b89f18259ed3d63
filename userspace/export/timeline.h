// What the goroutines of one target did, one step after the other, told from the items of a capture file:
// the part that all trace formats share. It tells only of stretches in which the groups that a trace needs
// were on and nothing was lost. Not thread-safe. Memory: live goroutines, exits of the last half minute, and
// the latest values of panics.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/seeded_hash.h"
#include "model/model.h"
#include "model/panics.h"
#include "recording/file_item.h"

namespace gorotrace {

// A trace without one of these would show goroutines in states that they are not in.
inline constexpr std::array kTraceGroups{GT_GROUP_LIFECYCLE, GT_GROUP_BLOCK, GT_GROUP_RUN, GT_GROUP_SYSCALL};

// Has been in `state` since the stretch began; told at most once of a goroutine in a stretch, before its
// first step, and not of one whose creation is a step.
struct StandingGoroutine {
  std::uint64_t goid = 0;
  GState state = GState::kUnknown;      // running, runnable, waiting or syscall
  std::uint32_t tid = 0;                // of one that runs or is in a system call; 0: not known
  std::uint64_t startpc = 0, gopc = 0;  // process addresses; 0: not known
  std::uint64_t stack = 0;              // where it waits; 0: not known
  std::string_view reason = {};         // of a wait, as g.waitreason says it; "": not known
};

enum class StepKind : std::uint8_t {
  kCreate,             // runnable
  kCreateBlocked,      // a coroutine: waiting
  kCreateOnThread,     // a C thread's goroutine comes, in a system call
  kBlock,              // running to waiting
  kUnblock,            // waiting to runnable
  kStart,              // runnable to running
  kStop,               // running to runnable: preempted, or runtime.Gosched
  kSyscallBegin,       // running to system call
  kSyscallLeft,        // the call is over; how, kSyscallEnd or kSyscallEndBlocked tells, with the same time
  kSyscallEnd,         // and back
  kSyscallEndBlocked,  // system call to runnable: its P was taken meanwhile
  kEnd,                // of one that runs
  kEndOnThread,        // a C thread's goroutine goes, out of a system call
  // With the group gc (model/pause_tables.h). goid: of who does it, 0: nobody's; it runs. reason: as
  // runtime/trace says it; up to Go 1.20 it may be known at the end alone, and "" before that.
  kWorldStops,
  kWorldStarts,
  kCollectionStands,  // has gone on since the stretch began; before the other steps of collections
  kCollectionBegins,
  kCollectionEnds,
  // With the group panic, and no change of state. reason: what it is, for people.
  kPanics,  // a goroutine that runs panics, or goes on where it recovered
  kDies,    // what ends the process; of goid, 0: nobody, which may be in whatever state
};
[[nodiscard]] constexpr bool is_pause(StepKind kind) {
  return kind >= StepKind::kWorldStops && kind <= StepKind::kCollectionEnds;
}
[[nodiscard]] constexpr bool is_instant(StepKind kind) {
  return kind == StepKind::kPanics || kind == StepKind::kDies;
}

// Steps of one goroutine come in order, and so do those of one thread. The end of a system call is told once
// it is known how it ended, which is when its goroutine does the next thing: later than its time says. Others
// may be out of order by what the stream's stragglers are.
struct Step {
  StepKind kind = StepKind::kCreate;
  std::uint64_t at_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t goid = 0;
  std::uint32_t tid = 0;                // of the thread on which it happened
  std::uint64_t other = 0;              // who created or woke it; 0: the runtime, or not known
  std::uint64_t stack = 0;              // its own; of a creation or wake-up that of who did it; 0: none
  std::uint64_t startpc = 0, gopc = 0;  // of a creation
  std::string_view reason = {};         // of a wait, as g.waitreason says it
};

class TimelineVisitor {
 public:
  virtual ~TimelineVisitor() = default;
  [[nodiscard]] virtual Status begins(std::uint64_t at_ns) = 0;  // a stretch
  [[nodiscard]] virtual Status stands(const StandingGoroutine& standing) = 0;
  [[nodiscard]] virtual Status step(const Step& step) = 0;
  // lost: how many records were, so far.
  [[nodiscard]] virtual Status ends(std::uint64_t at_ns, std::uint64_t lost) = 0;
};

class Timeline {
 public:
  Timeline(TargetId target, TimelineVisitor& visitor);

  // In the order of the file; what is of other targets is passed over.
  [[nodiscard]] Status take(const FileItem& item);
  // A part of the file could not be read.
  [[nodiscard]] Status gap();
  // kUnsupported: there was no stretch; with the groups that were missing and the command that has them.
  [[nodiscard]] Status finish();

  [[nodiscard]] bool system(std::uint64_t startpc) const { return system_starts_.contains(startpc); }

 private:
  struct Goroutine {
    GState state = GState::kUnknown;
    bool exit_pending = false;  // of a system call: ended at exit_ns, it is not known how
    std::uint64_t last_ns = 0;  // its last event
    std::uint64_t exit_ns = 0;
    std::uint32_t exit_tid = 0;
    std::uint64_t startpc = 0, gopc = 0;
  };
  struct Exit {
    std::uint64_t goid = 0, at_ns = 0;
  };

  [[nodiscard]] Status take_this(const Item& item);
  [[nodiscard]] Status take_this(const CheckpointTold& told);
  template <typename Other>
  [[nodiscard]] Status take_this(const Other&) {
    return {};
  }
  [[nodiscard]] Status take_what(const Item& item);
  [[nodiscard]] Status group(gt_group group, bool on, std::uint64_t at_ns);
  [[nodiscard]] Status lose(std::uint64_t from_ns, const Loss& loss);
  [[nodiscard]] Status record(const gt_record& r);
  [[nodiscard]] Status quiet(const gt_record& r);  // outside of a stretch
  [[nodiscard]] Status apply(Goroutine& g, const gt_record& r);
  [[nodiscard]] Status created(const gt_record& r);
  [[nodiscard]] Status look(const Snapshot& snapshot);
  [[nodiscard]] Status begin_if_due(std::uint64_t at_ns);
  [[nodiscard]] Status end_stretch(std::uint64_t at_ns);
  [[nodiscard]] Status imply(Goroutine& g, std::uint64_t goid, GState state, std::uint32_t tid);
  [[nodiscard]] Status settle_exit(Goroutine& g, std::uint64_t goid);
  [[nodiscard]] Status runs_now(std::uint64_t goid, std::uint32_t tid);
  [[nodiscard]] Status step(StepKind kind, const gt_record& r, std::string_view reason = {});
  // timeline_pauses.cpp
  [[nodiscard]] Status pause(const gt_record& r);
  [[nodiscard]] Status collection_stands();
  [[nodiscard]] Status cut_pauses(std::uint64_t at_ns);  // what goes on is not known any more
  void forget_pauses();
  [[nodiscard]] Status world_starts(const gt_record& r);
  // timeline_panics.cpp
  void define(const ValueDefined& defined);
  [[nodiscard]] std::string instant_text(const gt_record& r) const;
  [[nodiscard]] Status instant(const gt_record& r);
  void forget_states();
  void ended(std::uint64_t goid, std::uint64_t at_ns);
  [[nodiscard]] std::string_view reason(unsigned number) const;
  [[nodiscard]] bool all_on() const;

  const TargetId target_;
  TimelineVisitor& visitor_;
  SeededMap<std::uint64_t, Goroutine> goroutines_;
  SeededSet<std::uint64_t> system_starts_;
  std::deque<Exit> exits_;  // of late
  std::vector<std::string> wait_reasons_;
  // Who stopped the world, and why.
  struct Stopped {
    std::uint64_t goid;
    std::uint32_t tid;
    std::uint8_t reason;
  };
  std::optional<Stopped> stopped_;
  bool marking_ = false, marking_paused_ = false;  // a collection goes on, and its first pause has begun
  bool all_collections_seen_ = false;              // since the stretch began, and none has been told of
  std::string pause_reason_, instant_text_;
  SeededMap<std::uint64_t, PanicValue> values_;  // that were told of late
  std::array<bool, GT_GROUP_COUNT> on_{}, was_on_{};
  bool begun_ = false;            // the target
  bool wants_checkpoint_ = true;  // what is open is not known
  bool in_stretch_ = false;
  bool had_stretch_ = false;
  std::uint64_t from_ns_ = 0;  // the stretch's begin, or the earliest of the next
  std::uint64_t now_ns_ = 0, end_ns_ = kEndOfTime;
  std::uint64_t lost_ = 0;
  pid_t pid_ = 0;
};

}  // namespace gorotrace
