// How outputs name the stacks of one target: "s1", "s2", ... in order of first appearance, so that what one
// run writes agrees with itself and no identity of ours leaves the program. Threads: any.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/seeded_hash.h"

namespace gorotrace {

[[nodiscard]] std::string stack_name(std::uint64_t number);  // "s12"

class StackNumbers {
 public:
  // More distinct stacks than this have no name: a target can make them without end.
  static constexpr std::size_t kMost = std::size_t{1} << 20;

  // "" for id 0, which no stack has, and beyond kMost.
  [[nodiscard]] std::string name(std::uint64_t id);

 private:
  std::mutex mutex_;
  SeededMap<std::uint64_t, std::uint64_t> numbers_;  // by id
};

// Of each target of a run, by its PID in our namespace. Has every target before any thread reads it.
using RunStacks = std::map<pid_t, StackNumbers>;

}  // namespace gorotrace
