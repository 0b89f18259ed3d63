// runtime.sudog: one goroutine's place in the queue of one object (runtime/runtime2.go).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"
#include "golang/offsets.h"

namespace gorotrace::waits {

struct Sudog {
  std::uint64_t g = 0, elem = 0, channel = 0;
  std::uint64_t next = 0, prev = 0;  // in the object's queue; children in a semaRoot's treap
  std::uint64_t waitlink = 0;        // next of a select's cases; further waiters of a semaphore
};

// Where sudog.elem and sudog.c hold their address (offsets.h, *_vu).
[[nodiscard]] constexpr std::uint16_t sudog_elem_at(const RuntimeOffsets& o) {
  return o.sudog_elem_vu != kAbsent ? o.sudog_elem_vu : o.sudog_elem;
}
[[nodiscard]] constexpr std::uint16_t sudog_channel_at(const RuntimeOffsets& o) {
  return o.sudog_c_vu != kAbsent ? o.sudog_c_vu : o.sudog_c;
}

[[nodiscard]] inline std::size_t sudog_window(const RuntimeOffsets& o) {
  return std::max({o.sudog_g, sudog_elem_at(o), o.sudog_next, o.sudog_prev, o.sudog_waitlink,
                   sudog_channel_at(o)}) +
         sizeof(std::uint64_t);
}

[[nodiscard]] inline Sudog pick_sudog(Bytes bytes, const RuntimeOffsets& o) {
  const auto word = [&](std::uint16_t at) { return load<std::uint64_t>(bytes, at).value_or(0); };
  return {word(o.sudog_g),    word(sudog_elem_at(o)), word(sudog_channel_at(o)),
          word(o.sudog_next), word(o.sudog_prev),     word(o.sudog_waitlink)};
}

}  // namespace gorotrace::waits
