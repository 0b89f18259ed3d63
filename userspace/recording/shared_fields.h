// What messages of several kinds have: counters of the runtime (snapshot/counters.h), values of a label.
#pragma once

#include "recording/field_writer.h"
#include "snapshot/counters.h"
#include "snapshot/label_values.h"

namespace gorotrace {

// g.waitreason is a byte.
inline constexpr std::size_t kMaxWaitReasons = 256;

template <typename Io>
void fields(Io& io, Ref<Io, RuntimeCounters> counters) {
  auto& [time_ns, created, live, system, syscalls, switches, settled, created_ahead, exited_ahead,
         exited_behind] = counters;
  io.number(1, time_ns);
  io.number(2, created);
  io.number(3, live);
  io.number(4, system);
  io.number(5, syscalls);
  io.number(6, switches);
  io.number(7, settled);
  io.number(8, created_ahead);
  io.number(9, exited_ahead);
  io.number(10, exited_behind);
}

template <typename Io>
void fields(Io& io, Ref<Io, LabelValue> value) {
  auto& [id, text] = value;
  io.hash(1, id);
  io.bytes(2, text);
}

}  // namespace gorotrace
