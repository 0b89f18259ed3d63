#include "base/random.h"

#include <unistd.h>

#include <cstdlib>

namespace gorotrace {

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  while (value == 0) {
    // getrandom(2), which every kernel has had since 3.17.
    if (getentropy(&value, sizeof value) != 0) std::abort();
  }
  return value;
}

}  // namespace gorotrace
