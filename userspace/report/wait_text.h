// What a goroutine waits on, in one line of text. Pure.
#pragma once

#include <string>

#include "waits/wait_object.h"

namespace gorotrace {

// The object and its state: "channel 0xc000012345  len 0 cap 1  1 receivers, 0 senders".
[[nodiscard]] std::string wait_text(const WaitObject& object);

}  // namespace gorotrace
