// Goroutines that the runtime counts and that no look has reached: they are there all the same, in whatever
// state. Pure.
#pragma once

#include "evidence/facts.h"

namespace gorotrace {

// Of a window whose first look is not in.
void count_unread(Tables& tables, const StatFacts& facts);

}  // namespace gorotrace
