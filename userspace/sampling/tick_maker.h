// Makes a tick of what a look sees: keeps who stood in each slot, and tells what is new. Pure. Not
// thread-safe. Memory: bounded by allgs (Slot) and by distinct (reason, stack) and creation sites.
//
// An unchanged (goid, status, trackingSeq, sched.pc, sched.sp) in two successive looks proves one continuous
// wait: trackingSeq moves on each time a goroutine leaves running (runtime/proc.go casgstatus, 1.18-1.27).
// Exceptions: coroutine switches are not counted, nor running <-> syscall since 1.26, so neither is proven;
// and it is one byte, so a goroutine that parks 256 times between two looks, at one place, looks still with a
// chance of 1 in 256.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/creation_rows.h"
#include "sampling/instants.h"
#include "sampling/sample_tick.h"

namespace gorotrace {

struct SamplingConfig {
  std::function<bool(std::uint64_t startpc)> is_system;  // called once per distinct startpc
  std::vector<std::string> wait_reasons;                 // index = g.waitreason
  bool by_label = false;                                 // place() tells labels, too
  bool syscalls_counted = false;  // running <-> syscall moves g.trackingSeq (before 1.26)
};

// What rows are told apart by, of one stay of a waiting goroutine.
struct Stay {
  std::uint64_t stack_id = 0;  // 0: it was no more at the very place
  LabelId label = kNoLabelAsked;
};

class TickMaker {
 public:
  explicit TickMaker(const SamplingConfig& config);

  // The next look begins a stretch.
  void restart() { begins_ = true; }
  // One look: begin, see() for each slot looked at, place() for each goroutine whose stack see() asked for,
  // end. `all`: every slot of allgs is seen, in this look.
  void begin(std::uint64_t at_ns, bool all);
  // Slot choice.slot of allgs showed this. When the stack of a waiting goroutine is not known: the number to
  // give place().
  [[nodiscard]] std::optional<std::uint32_t> see(Choice choice, const Sighting& sighting);
  // Its stack, if it was still at the very place; nullopt when nobody looked: it is asked for again.
  void place(std::uint32_t number, std::optional<Stay> stay);
  // seen_ns: when the last of them was seen. Valid until the next begin().
  [[nodiscard]] const SampleTick& end(std::uint64_t seen_ns, std::optional<std::int64_t> live);
  // Those made since the last call; the ticks since then may name them.
  [[nodiscard]] SampleClasses take_classes();

 private:
  // A stack that cannot be had is not asked for at every look.
  static constexpr std::uint8_t kTries = 3;
  struct Slot {
    Standing standing;
    std::uint32_t row = kNone, site = kNone;
    std::uint8_t tries = 0;
    bool alive = false, system = false;
    bool stackless = false;   // waits, and its stack is not known
    bool incomplete = false;  // a class or the stack is missing
    bool changed = false;     // in this look
  };

  [[nodiscard]] bool provable(const Standing& s) const;
  [[nodiscard]] bool is_system(std::uint64_t startpc);
  void enter(Slot& slot, const Sighting& sighting);
  void put_in_row(Slot& slot, const Stay& stay);
  void note_change(Slot& slot, std::uint32_t number);
  [[nodiscard]] static Place place_of(const Slot& slot);
  void tell_changes();
  void tell_counts();

  SamplingConfig config_;
  std::uint8_t reason_preempted_ = 0xff, reason_coroutine_ = 0xff;
  BlockingRows rows_{BlockingRows::WhenFull::kRefuse};  // keys only
  CreationRows sites_;                                  // keys only
  std::size_t rows_told_ = 0, sites_told_ = 0;
  std::vector<Slot> slots_;
  bool begins_ = true, all_before_ = false;

  // Of the look that goes on.
  SampleTick tick_;
  std::vector<std::uint32_t> asked_, changed_;  // slots
  std::vector<Choice> chosen_;
  struct Counted {
    std::uint32_t goroutines = 0;
    std::uint64_t variance_4 = 0;
  };
  std::array<std::vector<Counted>, kClassKinds> counted_;  // by class, all 0 between looks
  std::array<std::vector<std::uint32_t>, kClassKinds> touched_;
};

}  // namespace gorotrace
