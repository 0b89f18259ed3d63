#include "base/random.h"

#include <random>

namespace gorotrace {

std::uint64_t random_u64() {
  std::random_device random;
  std::uint64_t value = 0;
  while (value == 0) value = (std::uint64_t{random()} << 32) | random();
  return value;
}

}  // namespace gorotrace
