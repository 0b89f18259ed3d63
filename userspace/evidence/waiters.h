// The objects that goroutines wait on, by how many wait. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evidence/dump.h"
#include "evidence/dump_select.h"

namespace gorotrace {

// One channel, mutex, WaitGroup, Cond, semaphore or file descriptor; or many of one kind for which goroutines
// wait at the same stacks. Sleeps and system calls have none.
struct WaitedOn {
  const WaitObject* object = nullptr;  // as one of the waiters saw it; of many, one with the most waiters
  std::uint64_t alike = 1;             // objects
  std::uint64_t waiters = 0;           // goroutines of the selection
  std::uint64_t proven = 0;            // of them
  struct Stack {
    std::uint64_t count = 0;
    const GoroutineSnapshot* example = nullptr;
  };
  std::vector<Stack> stacks;  // most frequent first
  // The longest proven wait for any of them, and for which.
  std::optional<std::uint64_t> oldest_ns;
  const WaitObject* oldest = nullptr;
};

struct Waiters {
  std::vector<WaitedOn> objects;  // most waiters first
  // Of the others of the selection that wait: for no object (select {}), by what they wait for; because they
  // moved while they were read; and where no object was found.
  std::map<std::string, std::size_t> on_nothing;
  std::size_t moved = 0, not_found = 0;
};
[[nodiscard]] Waiters waiters(const DumpView& view, const Selection& selection);

}  // namespace gorotrace
