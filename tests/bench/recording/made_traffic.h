// Records as probes on a server and on a ping-pong would tell them: made, not taken. What repeats in them is
// what repeats there (who runs on which CPU, from which stack one waits, for which channel), times and
// choices are random. The same at every call.
#pragma once

#include <cstddef>
#include <vector>

#include "bpf/shared/abi.h"

namespace gorotrace::bench {

// Pairs of goroutines that hand a value to and fro over channels of their own, on `cpus`.
[[nodiscard]] std::vector<gt_record> ping_pong(std::size_t records, unsigned pairs, unsigned cpus);
// So many connections in random order, each request with a goroutine of its own, labels and a lock.
[[nodiscard]] std::vector<gt_record> http(std::size_t records, unsigned connections, unsigned cpus);

}  // namespace gorotrace::bench
