// How the objects that goroutines wait on are called. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "waits/wait_object.h"

namespace gorotrace {

// "channel", "mutex", "rwmutex_read", "rwmutex_write", "waitgroup", "semaphore", "cond", "sleep", "io",
// "syscall".
[[nodiscard]] const char* wait_kind(const WaitObject& object);
// What several goroutines can wait on has an address; 0 for the others, and for a nil channel.
[[nodiscard]] std::uint64_t wait_address(const WaitObject& object);

}  // namespace gorotrace
