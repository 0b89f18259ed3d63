// Where a text stands among a binary's constants. The linker puts the texts of Go's strings beside one
// another, so it may be a part of another one.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "elf/image.h"

namespace gorotrace {

// The first `limit` places in read-only data, or, where there is none of it (some C linkers), beside the
// code; until `visit` returns false.
void each_constant_text(const ElfImage& image, std::string_view text, std::size_t limit,
                        const std::function<bool(std::uint64_t vaddr)>& visit);

}  // namespace gorotrace
