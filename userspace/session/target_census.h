// The census of one target within a session: when it stands in for the block probes, and what of the model's
// tables it replaces. Threads: control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "census/census_taker.h"
#include "census/combine.h"
#include "evidence/facts.h"
#include "session/census_share.h"
#include "session/pipeline.h"
#include "symbols/stack_table.h"

namespace gorotrace {

class TargetCensus {
 public:
  // The model's tables as of a time that has passed.
  using ModelTables = std::function<PendingTables(std::uint64_t at_ns)>;

  // `share` outlives this object; what `subject` refers to lives as long as `memory`.
  TargetCensus(std::shared_ptr<const Memory> memory, CensusSubject subject, CensusShare& share,
               ModelTables model);
  ~TargetCensus();

  // It stands in for the block probes while they are off.
  [[nodiscard]] Status stand_in(bool wanted);
  void stop();  // nothing when it does not run
  [[nodiscard]] bool running() const { return taker_->running(); }
  [[nodiscard]] bool ever_ran() const { return !stretches_.empty(); }

  // Nobody while it does not run.
  [[nodiscard]] std::vector<StandingWait> standing() const { return taker_->standing(); }
  [[nodiscard]] std::vector<LastMove> moves() const { return taker_->moves(); }
  void move_stacks(StackTable& to);
  // Waits for the model's tables as of the ends of its stretches.
  [[nodiscard]] Result<Tables> over(Tables model);
  // `totals` with what the census saw last, while it runs.
  void update(Tables& totals, bool lifecycle_probed) const;
  [[nodiscard]] CensusFacts facts() const;

 private:
  CensusShare& share_;
  ModelTables model_;
  std::shared_ptr<CensusTaker> taker_;
  // Asked for, for nobody waits for the model while a census begins or ends.
  struct Stretch {
    std::optional<PendingTables> from, to;  // until they are there
    Replaced replaced;
  };
  std::vector<Stretch> stretches_;
};

}  // namespace gorotrace
