// How many waits began in a whole window, of which the probes saw phases. A program runs slower while it is
// traced, so what it does is not extrapolated by time: the phases tell how many waits of a row there are for
// each goroutine that leaves running (sched.timeToRun, one in eight), each system call or each creation,
// which the runtime counts itself, all of the window. A row goes by the one to which its waits keep best from
// phase to phase: those of a server keep to its system calls, while how many leave running for a request
// varies. Not p.schedtick, which leaves out who runs on what is left of a time slice: how many that are
// changes with the speed. What timers end goes by the clock. A ratio estimate, whose error is by how much the
// phases differ (W. G. Cochran, Sampling Techniques, 6.4 and 6.5).
//
// That a row goes by the same count between the phases is known of one whose waits belong to what is counted:
// so many for each request. They vary less from phase to phase than chance would have it. Where chance
// decides, or who is first (whether a pool's feeder waits or its worker), the phases tell how it goes while
// the program is slowed down, and nothing of the rest: there is no error to be told. Nor is there one where
// two counts contradict each other. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "base/ratio_estimate.h"
#include "model/blocking_rows.h"
#include "sampling/combine.h"

namespace gorotrace {

class PhaseCounts {
 public:
  // Fewer tell nothing of how much phases differ.
  static constexpr std::uint64_t kFewest = 8;

  // By GoesBy: the time, and what the runtime had counted by then (0: it cannot be read).
  using Reading = std::array<std::uint64_t, static_cast<std::size_t>(GoesBy::kCount)>;
  // In the order of time: a reading, and what had been counted by then, which is asked for in phases alone. A
  // phase is from the first to the last reading while the block group is on.
  void read(const Reading& reading, const std::function<BegunWaits()>& begun);
  void block(bool on);
  // Something was lost: what was counted since the last reading is not all.
  void lost() { open_.reset(); }

  // Estimates for the rows of a model, on all that was read so far. None of a single phase.
  void over(Tables& tables) const;

 private:
  using Each = std::array<double, static_cast<std::size_t>(GoesBy::kCount)>;
  // Over the phases: y is what a row counted in one, x what the runtime did.
  struct RowSums {
    SquaredSum y;
    Each xy{};
  };
  struct Sums {
    std::uint64_t phases = 0;
    std::array<SquaredSum, static_cast<std::size_t>(GoesBy::kCount)> x{};
    std::map<BlockingIdentity, RowSums> rows;
  };
  struct Count {
    Reading reading;
    BegunWaits waits;
  };
  struct Open {
    Count from;
    std::optional<Count> to;
  };
  static void add(Sums& to, const Open& phase);
  struct Ratio {
    double count, error;
    bool keeps;  // its waits belong to what is counted
  };
  [[nodiscard]] static bool contradict(const Ratio& a, const Ratio& b);
  [[nodiscard]] Ratio ratio(const RowSums& row, const Sums& sums, GoesBy by) const;
  // None where the runtime counts nothing by which the row could go.
  [[nodiscard]] std::optional<EstimatedCount> estimate(const BlockingRow& row, const RowSums& of,
                                                       const Sums& sums) const;

  bool on_ = false;
  std::optional<Reading> first_, last_;
  std::optional<Open> open_;  // the phase that goes on
  Sums sums_;                 // of those that have ended
};

// A program does otherwise while it is traced, but its waits are hardly much shorter then. Where a count
// would make them twice as long on average as those that phases saw (where phases cut many: longer than any),
// it is what sampling saw of them by the mean of those; without an error, which nothing tells.
void believe_times(BlockingRow& row);

}  // namespace gorotrace
