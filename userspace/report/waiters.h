// `dump --waiters`: the objects that goroutines wait on, by how many wait. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "report/dump.h"
#include "report/dump_select.h"

namespace gorotrace {

// One channel, mutex, WaitGroup, Cond, semaphore or file descriptor. Sleeps and system calls have none.
struct WaitedOn {
  const WaitObject* object = nullptr;  // as one of the waiters saw it
  std::uint64_t waiters = 0;           // goroutines of the selection
  std::uint64_t proven = 0;            // of them
  struct Stack {
    std::uint64_t count = 0;
    const GoroutineSnapshot* example = nullptr;
  };
  std::vector<Stack> stacks;  // most frequent first
};

struct Waiters {
  std::vector<WaitedOn> objects;  // most waiters first
  std::size_t without = 0;  // goroutines of the selection that wait and whose object was not established
};
[[nodiscard]] Waiters waiters(const DumpView& view, const Selection& selection);

struct WaitersOptions {
  std::size_t limit = 0;  // objects, 0 for all
  std::size_t width = 80;
  bool colour = false;
};
[[nodiscard]] std::string waiters_text(const DumpView& view, const Selection& selection,
                                       const Waiters& waiters, const WaitersOptions& options);

}  // namespace gorotrace
