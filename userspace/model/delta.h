// The difference of two answers of one model: what happened between them. An interval, a scrape and a diff of
// captures all ask it. Pure.
#pragma once

#include "model/model.h"

namespace gorotrace {

// `before` was asked first. What is counted and what is timed is subtracted, row by row; what holds at a
// moment (live, in_state, blocked_now, oldest) is that of `now`; covered is clipped to the time between. Rows
// in which nothing happened and nothing is open are left out. Where the difference is not known, it is the
// least it can be: of a waker that `before` may have had among the others (the rest is then in wakers_other,
// so that sums hold); an error is what independent errors of the two stretches leave. The longest wait
// between the two is known to its bucket (1/16) unless it is the longest of all.
[[nodiscard]] Tables delta(const Tables& before, const Tables& now);

}  // namespace gorotrace
