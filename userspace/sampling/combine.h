// One report out of two engines: sampling's estimates laid over a model's tables for the stretches in which
// the model had no block events. What a figure was told by is on each row. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <tuple>

#include "model/blocking_rows.h"
#include "model/model.h"
#include "sampling/sampled_tables.h"

namespace gorotrace {

// What tells rows of waits apart: stack, reason, in_syscall, system, of other stacks, label.
using BlockingIdentity = std::tuple<std::uint64_t, std::uint8_t, bool, bool, bool, LabelId>;
[[nodiscard]] BlockingIdentity identity(const BlockingRow& row);
[[nodiscard]] BlockingIdentity identity(const BlockingKey& key);

// What a model went on to book while sampling stood in for its block probes, of all stretches together.
// Memory: by the rows of a model, however many stretches there were.
class Replaced {
 public:
  // One stretch more: the model's tables as they stood at both its ends.
  void add(const Tables& from, const Tables& to);

 private:
  friend Tables combine(Tables model, const Replaced& replaced, const SampledTables& sampling);
  std::array<std::uint64_t, kGStates> state_ns_{};
  std::uint64_t live_integral_ns_ = 0;
  std::map<BlockingIdentity, std::uint64_t> in_window_ns_;
};

// Times by state and in_window of `model` without what it booked in the stretches, plus sampling. Counts,
// histograms, blocked_now stay the model's; `oldest` is whichever knows more.
[[nodiscard]] Tables combine(Tables model, const Replaced& replaced, const SampledTables& sampling);

}  // namespace gorotrace
