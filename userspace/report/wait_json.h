// What a goroutine waits on as JSON: report/dump.schema.json, "wait". Addresses and system call arguments are
// text ("0xc000012345"): a JSON number holds no 64 bits. Pure.
#pragma once

#include "base/json_writer.h"
#include "waits/wait_object.h"

namespace gorotrace {

void waits_json(JsonWriter& out, const GoroutineWaits& waits);  // an array

}  // namespace gorotrace
