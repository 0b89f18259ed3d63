// A stack of a count profile as runtime/pprof writes it under debug=1 (printStackRecord). Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "golang/pclntab.h"
#include "golang/version.h"

namespace gorotrace {

// Lines "#\t0x45...\tmain.f+0x12\tfile.go:7", and an empty one. frames: leaf first, of link-time addresses.
// Without the runtime's own at the leaf, unless there are no others.
[[nodiscard]] std::string stack_record(std::span<const Frame* const> frames, std::uint64_t load_bias,
                                       const GoVersion& version);

}  // namespace gorotrace
