// What a recording saw of waiting, as runtime/pprof's block and mutex profiles have it: contentions and delay
// by stack. Pure.
//
// * **block** (runtime.blockevent): waits for channels, in selects, for sync's mutexes, wait groups and
//   conditions; no network, no sleep, no system call. By the stack of who waited, from the exported function
//   inwards no more (chanrecv's, semacquire1's and notifyListWait's skip).
// * **mutex** (runtime.mutexevent): waits for mutexes alone, by the stack of who ended them, from Unlock
//   inwards no more. The runtime spreads a wait over all unlocks while it lasted, we charge the one that
//   ended it: sums over all sites are equal.
// A stack that ends in runtime.selectgo does so at its gopark, in the runtime's profile at its blockevent.
// Waits of which the recording saw both ends; those that had not ended are samples with the label wait=open,
// those that had begun before it are not in.
#pragma once

#include <string>

#include "base/result.h"
#include "export/profile_notes.h"
#include "recording/replay.h"

namespace gorotrace {

// Gzipped. target: with chains and what is open.
[[nodiscard]] Result<std::string> block_profile(RecordedTarget& target, const ProfileTime& time);
[[nodiscard]] Result<std::string> mutex_profile(RecordedTarget& target, const ProfileTime& time);

}  // namespace gorotrace
