// What a goroutine waits on as JSON: report/dump.schema.json, "wait". Addresses and system call arguments are
// text ("0xc000012345"): a JSON number holds no 64 bits. Pure.
#pragma once

#include "report/json.h"
#include "waits/wait_object.h"

namespace gorotrace {

[[nodiscard]] Json wait_json(const WaitObject& object);
[[nodiscard]] Json waits_json(const GoroutineWaits& waits);  // an array

}  // namespace gorotrace
