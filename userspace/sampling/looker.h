// Who looks at a process for its sampling, and makes a tick of each look. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "sampling/sample_tick.h"
#include "snapshot/stack_set.h"

namespace gorotrace {

class Looker {
 public:
  virtual ~Looker() = default;

  // What there is to look at, as far as it is known: refresh() asks.
  [[nodiscard]] virtual std::size_t total() const = 0;
  [[nodiscard]] virtual Status refresh() = 0;
  // The next look begins a stretch.
  virtual void restart() = 0;
  // Looks at `wanted` of them, at all when there are no more. What takes longer than stacks_ns from now_ns on
  // goes without its stack in this look. The tick is valid until the next look.
  [[nodiscard]] virtual Result<const SampleTick*> look(std::uint64_t now_ns, std::size_t wanted,
                                                       std::uint64_t stacks_ns) = 0;
  [[nodiscard]] virtual SampleClasses take_classes() = 0;
  // Stacks seen since the last call: the classes name them by id.
  [[nodiscard]] virtual StackSet take_stacks() = 0;
};

}  // namespace gorotrace
