// Which goroutines a recording saw, as profiles. Pure.
//
// * **goroutine**: those that live at its end, goroutine/count as runtime/pprof's; by the stack where one
//   waits, and of the others by the function that they were started with.
// * **creation**: created, live and exited by go statement. The leaf is the function that was started, below
//   it the go statement and the stack of who ran it. What is not known by stack (exits, goroutines from
//   before the recording) is a sample of the go statement alone.
#pragma once

#include <string>

#include "base/result.h"
#include "export/profile_notes.h"
#include "recording/replay.h"

namespace gorotrace {

// Gzipped. target: with what is open.
[[nodiscard]] Result<std::string> goroutine_profile(RecordedTarget& target, const ProfileTime& time);
[[nodiscard]] Result<std::string> creation_profile(RecordedTarget& target, const ProfileTime& time);

}  // namespace gorotrace
