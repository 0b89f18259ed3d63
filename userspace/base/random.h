// Numbers that nobody who is traced can know.
#pragma once

#include <cstdint>

namespace gorotrace {

[[nodiscard]] std::uint64_t random_u64();  // never 0

}  // namespace gorotrace
