// Which slot of the kernel side's maps a new target gets. Threads: control thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "model/target_id.h"

namespace gorotrace {

// A slot that was given back comes last, with the next generation, and not before every ring was emptied
// behind it: so that no record of a former owner, of 256 generations ago even, can be taken for one of the
// new owner.
class Slots {
 public:
  explicit Slots(std::uint16_t count);
  // `passes`: passes over the rings that began and emptied all of them so far. nullopt: none is free.
  [[nodiscard]] std::optional<TargetId> take(std::uint64_t passes);
  // Behind the detach of its owner: none of its programs runs any more.
  void give_back(TargetId id, std::uint64_t passes);

 private:
  struct Free {
    std::uint16_t slot;
    std::uint64_t from_pass;
  };
  std::deque<Free> free_;                  // oldest first
  std::vector<std::uint8_t> generations_;  // of the next owner, by slot
};

}  // namespace gorotrace
