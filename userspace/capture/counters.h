// What the kernel side counts. Shapes only.
#pragma once

#include <array>
#include <cstdint>

#include "bpf/shared/abi.h"

namespace gorotrace {

struct CaptureCounters {
  std::uint64_t produced = 0;
  std::array<std::uint64_t, GT_DROP_COUNT> dropped{};
  std::array<std::uint64_t, GT_STACK_FAIL_COUNT> stack_failed{};
  std::uint64_t object_failed = 0;  // records sent without the channel or value they are about
  [[nodiscard]] std::uint64_t dropped_total() const;
  void add(const gt_losses& lost);  // that programs are writing
};

struct SiteCounters {
  std::uint64_t hits = 0, skipped = 0, sampled = 0, sampled_ns = 0;  // skipped: of `hits`, no events
};

}  // namespace gorotrace
