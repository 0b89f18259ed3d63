// Addresses of runtime variables in stripped binaries, from the code that uses them. A recipe must give
// exactly one address, or the field stays 0. Checked against symbol tables on Go 1.18-1.27.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "golang/binary.h"

namespace gorotrace {

[[nodiscard]] RuntimeGlobals find_globals(const ElfImage& image, const Pclntab& pclntab,
                                          const RuntimeOffsets& offsets);

// The word (atomic.Int32) of a GODEBUG setting that may change while the program runs; 0 when there is none
// of that name.
[[nodiscard]] std::uint64_t find_debug_setting(const ElfImage& image, std::string_view name);

// runtime.waitReasonStrings, found by the text of its element 1.
[[nodiscard]] std::vector<std::string> find_wait_reasons(const ElfImage& image, const GoVersion& version);

}  // namespace gorotrace
