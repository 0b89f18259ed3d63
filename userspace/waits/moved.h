// A busy process: many goroutines have moved on by the time that the second look comes for their objects, or
// the third for who holds their locks. Those are read anew, a few at a time, stack and objects right behind
// one another, and holders are looked for among all goroutines again. Threads: one owner.
#pragma once

#include "base/result.h"
#include "snapshot/goroutines.h"
#include "waits/wait_object.h"
#include "waits/wait_reader.h"

namespace gorotrace {

// Replaces the rows of goroutines that moved by what they do now. Those that never stand still long enough,
// have no stack then, or have ended stay as they are. Channels then count the queues of those read together.
[[nodiscard]] Status read_moved(const GoroutineReader& goroutines, const WaitReader& reader,
                                Snapshot& snapshot, Waits& waits);

// Of the likely holders of a mutex those that are found to wait for it themselves. Where that is the
// likeliest one the mutex has changed hands since, and of the others less was known. Counts the waiters of
// each semaphore anew.
void leave_out_waiting_holders(const Snapshot& snapshot, Waits& waits);

}  // namespace gorotrace
