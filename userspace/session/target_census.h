// The census of one target within a session: when it stands in for the block probes, and what of the model's
// tables it replaces. Threads: control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "census/census_taker.h"
#include "census/combine.h"
#include "report/facts.h"
#include "report/symbols.h"

namespace gorotrace {

class TargetCensus {
 public:
  // The model's tables as of a time that has passed.
  using ModelTables = std::function<Tables(std::uint64_t at_ns)>;

  TargetCensus(const Memory& memory, CensusSubject subject, ModelTables model);

  [[nodiscard]] Status start(double cpu_share);
  void stop();  // nothing when it does not run
  [[nodiscard]] bool running() const { return taker_.running(); }
  [[nodiscard]] bool ever_ran() const { return !stretches_.empty(); }
  void set_share(double cpu_share) { taker_.set_share(cpu_share); }

  void move_stacks(StackTable& to);
  [[nodiscard]] Tables over(Tables model) const;
  // `totals` with what the census saw last, while it runs.
  void update(Tables& totals, bool lifecycle_probed) const;
  [[nodiscard]] CensusFacts facts() const;

 private:
  ModelTables model_;
  CensusTaker taker_;
  std::vector<Replaced> stretches_;
};

}  // namespace gorotrace
