// By which go statements the goroutines of a dump were made: the stacks that led to the creation of those
// that live, as runtime/pprof's threadcreate has them of threads. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "evidence/dump_select.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct LivingCreation {
  std::uint64_t count = 0;
  std::uint64_t startpc = 0, gopc = 0;  // process addresses; gopc 0: no go statement (goroutine 1, C threads)
};

// Most frequent first.
[[nodiscard]] std::vector<LivingCreation> living_creations(const Selection& selection);

// Leaf first: the function that was started, and the go statement. Call::pc is the address of the call.
// Empty: memory tells neither.
[[nodiscard]] std::vector<Call> creation_calls(const LivingCreation& creation, Symbolizer& symbols);

}  // namespace gorotrace
