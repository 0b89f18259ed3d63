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

// From so many objects on that look alike they are one row.
inline constexpr std::size_t kFewestAlike = 8;

// One channel, mutex, WaitGroup, Cond, semaphore or file descriptor; or many of one kind for which goroutines
// wait at the same stacks. Sleeps and system calls have none.
struct WaitedOn {
  const WaitObject* object = nullptr;  // as one of the waiters saw it; of many, one with the most waiters
  std::uint64_t alike = 1;             // objects
  struct Waiter {
    const GoroutineSnapshot* goroutine = nullptr;
    bool proven = false;
    bool in_select = false;  // it stands at other channels, too
  };
  // Goroutines of the selection, each once however many of the objects it waits on; in_select and proven are
  // of them.
  std::uint64_t waiters = 0, proven = 0, in_select = 0;
  struct Stack {
    std::vector<Waiter> waiters;  // never empty; by goid
    [[nodiscard]] const GoroutineSnapshot& example() const { return *waiters.front().goroutine; }
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
