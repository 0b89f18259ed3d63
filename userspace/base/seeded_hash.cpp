#include "base/seeded_hash.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace gorotrace {

std::uint64_t SeededHash::operator()(std::string_view text) const {
  std::uint64_t hash = (*this)(text.size());
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t n = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), n);
    hash = (*this)(hash, word);
    text.remove_prefix(n);
  }
  return hash;
}

const SeededHash::Seed& SeededHash::of_this_process() {
  static const Seed seed{.first = {random_u64(), random_u64()},
                         .second = {random_u64(), random_u64()},
                         .addend = {random_u64(), random_u64()}};
  return seed;
}

}  // namespace gorotrace
