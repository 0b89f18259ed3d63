// The hash of every table whose keys a target chooses (goids, addresses, stack identities, names): seeded, so
// that it cannot choose keys that collide. The seed is drawn once per process and leaves it in no output.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace gorotrace {

class SeededHash {
 public:
  struct Seed {
    std::array<std::uint64_t, 2> first = {}, second = {}, addend = {};  // 128 bits each, low half first
  };

  SeededHash() : SeededHash(of_this_process()) {}
  explicit SeededHash(const Seed& seed) : seed_(seed) {}

  // The upper half of multiplier * key + addend in 128 bits is strongly universal, and so is that of a sum
  // with a multiplier for each of two keys: any two keys, whoever chose them, have equal bits in any places
  // with the chance of two random numbers (Dietzfelbinger, "Universal hashing and k-wise independent random
  // variables via integer arithmetic without primes", 1996). Then mixed, for keys in a row would make a row.
  [[nodiscard]] std::uint64_t operator()(std::integral auto key) const {
    return mixed(upper(wide(seed_.addend) + product(seed_.first, static_cast<std::uint64_t>(key))));
  }
  [[nodiscard]] std::uint64_t operator()(std::uint64_t first, std::uint64_t second) const {
    return mixed(upper(wide(seed_.addend) + product(seed_.first, first) + product(seed_.second, second)));
  }
  [[nodiscard]] std::uint64_t operator()(std::string_view text) const;

 private:
  __extension__ using Wide = unsigned __int128;

  using Halves = std::array<std::uint64_t, 2>;

  static const Seed& of_this_process();
  [[nodiscard]] static constexpr Wide wide(const Halves& number) {
    return (Wide{number[1]} << 64) + number[0];
  }
  // Modulo 2^128.
  [[nodiscard]] static constexpr Wide product(const Halves& multiplier, std::uint64_t key) {
    return Wide{multiplier[0]} * key + (Wide{multiplier[1] * key} << 64);
  }
  [[nodiscard]] static constexpr std::uint64_t upper(Wide sum) {
    return static_cast<std::uint64_t>(sum >> 64);
  }
  // splitmix64's finalizer: no two numbers become one.
  [[nodiscard]] static constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }

  Seed seed_;
};

template <typename Key, typename Value>
using SeededMap = std::unordered_map<Key, Value, SeededHash>;
template <typename Key>
using SeededSet = std::unordered_set<Key, SeededHash>;

}  // namespace gorotrace
