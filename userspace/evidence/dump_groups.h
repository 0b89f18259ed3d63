// Goroutines of a dump with the same stack and the same labels, as the goroutine profile counts them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evidence/dump.h"
#include "evidence/dump_select.h"

namespace gorotrace {

struct StackGroup {
  std::uint64_t count = 0;
  const GoroutineSnapshot* example = nullptr;  // its stack and labels are those of all
  std::string labels;                          // {"key":"value", ...}, sorted; "" for none
};

// Most frequent first, equal ones in the order of runtime/pprof (keysByCount): by the addresses as text.
[[nodiscard]] std::vector<StackGroup> group_by_stack(const DumpView& view, const Selection& selection);

// "@ 0x47e1ce 0x4790ab": the pcs of runtime.goroutineProfile, one per logical frame.
[[nodiscard]] std::string profile_key(std::span<const Frame* const> frames, std::uint64_t load_bias);
// As runtime/pprof's labelMap.String; "" for none.
[[nodiscard]] std::string labels_text(const Labels& labels);

}  // namespace gorotrace
