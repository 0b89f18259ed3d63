#include "base/seeded_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace gorotrace {
namespace {

constexpr std::size_t kBuckets = 256;

SeededHash::Seed seed(std::mt19937_64& random) {
  return {{random(), random()}, {random(), random()}, {random(), random()}};
}

// Of `keys`, how many are in the fullest bucket.
std::size_t fullest(const SeededHash& hash, const std::vector<std::uint64_t>& keys) {
  std::array<std::size_t, kBuckets> buckets{};
  for (const std::uint64_t key : keys) ++buckets[hash(key) % kBuckets];
  return *std::ranges::max_element(buckets);
}

// 4096 keys in 256 buckets: 16 each; random ones have more than 50 in one about once in 10^8 buckets.
TEST(SeededHash, KeysOfEveryShapeAreSpread) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    const SeededHash hash(seed(random));
    for (const unsigned shift : {0u, 3u, 12u, 32u, 48u, 52u}) {
      std::vector<std::uint64_t> keys;
      for (std::uint64_t i = 0; i < 4096; ++i) keys.push_back(i << shift);
      EXPECT_LT(fullest(hash, keys), 60u) << "keys that differ from bit " << shift << " on";
    }
  }
}

TEST(SeededHash, KeysThatCollideUnderOneSeedDoNotUnderAnother) {
  std::mt19937_64 random(4);
  const SeededHash known(seed(random));
  std::vector<std::uint64_t> chosen;
  for (std::uint64_t key = 0; chosen.size() < 4096; ++key) {
    if (known(key) % kBuckets == 7) chosen.push_back(key);
  }
  EXPECT_EQ(fullest(known, chosen), 4096u);
  EXPECT_LT(fullest(SeededHash(seed(random)), chosen), 60u);
  EXPECT_LT(fullest(SeededHash(), chosen), 60u) << "the seed of this process";
}

TEST(SeededHash, TextThatCollidesUnderOneSeedDoesNotUnderAnother) {
  std::mt19937_64 random(5);
  const SeededHash known(seed(random)), other(seed(random));
  std::array<std::size_t, kBuckets> buckets{};
  std::size_t chosen = 0;
  for (int i = 0; chosen < 4096; ++i) {
    const std::string name = "main.function" + std::to_string(i);
    if (known(std::string_view(name)) % kBuckets != 7) continue;
    ++chosen;
    ++buckets[other(std::string_view(name)) % kBuckets];
  }
  EXPECT_LT(*std::ranges::max_element(buckets), 60u);
}

TEST(SeededHash, EqualKeysAreEqualAndOthersAreNot) {
  const SeededHash a, b;
  EXPECT_EQ(a(std::uint64_t{12}), b(std::uint64_t{12})) << "one seed for the process";
  EXPECT_EQ(a(12), a(std::uint64_t{12}));
  EXPECT_NE(a(1, 2), a(2, 1));
  std::set<std::uint64_t> hashes;
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    hashes.insert(a(std::string_view(text)));
    text += '\0';
  }
  EXPECT_EQ(hashes.size(), 1000u) << "the length counts, too";
}

}  // namespace
}  // namespace gorotrace
