// Channels: g.waiting is the list of sudogs a goroutine has queued (runtime/chan.go chansend, chanrecv;
// select.go selectgo), each names its goroutine and its channel.
#pragma once

#include "waits/waiter.h"

namespace gorotrace::waits {

[[nodiscard]] Status find_channels(const Context& context, std::span<Waiter> waiters);

}  // namespace gorotrace::waits
