// The stacks that created a process's threads, as the runtime keeps them (runtime.m.createstack).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "golang/version.h"

namespace gorotrace {

// Return addresses of the process, leaf first; zeros behind the last. Of most threads none is kept.
using ThreadStack = std::array<std::uint64_t, 32>;

struct ThreadStacks {
  GoVersion version;
  std::uint64_t unix_ns = 0;  // when they were read
  std::vector<ThreadStack> threads;
};

}  // namespace gorotrace
