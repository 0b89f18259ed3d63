// Hash -> position in a vector kept elsewhere: open addressing, linear probing, no erase. The keys stay with
// the rows they name; the caller compares, and seeds the hash (base/seeded_hash.h). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/seeded_hash.h"

namespace gorotrace {

inline constexpr std::uint32_t kNone = 0xffffffff;

class FlatIndex {
 public:
  // Of a row's key, which is of two numbers.
  [[nodiscard]] std::uint64_t hash(std::uint64_t first, std::uint64_t second) const {
    return hash_(first, second);
  }

  // Position whose hash matches and for which same(position) holds, or kNone.
  template <typename Same>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, const Same& same) const {
    if (slots_.empty()) return kNone;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask; slots_[i].position != kNone; i = (i + 1) & mask) {
      if (slots_[i].tag == tag_of(hash) && same(slots_[i].position)) return slots_[i].position;
    }
    return kNone;
  }

  // `rehash(position)` gives the hash of a row already in: used when the table grows.
  template <typename Rehash>
  void insert(std::uint64_t hash, std::uint32_t position, const Rehash& rehash) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow(rehash);
    place(hash, position);
    ++size_;
  }

  void clear() {
    slots_.clear();
    size_ = 0;
  }
  [[nodiscard]] std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t tag = 0, position = kNone;
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  void place(std::uint64_t hash, std::uint32_t position) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = hash & mask;
    while (slots_[i].position != kNone) i = (i + 1) & mask;
    slots_[i] = {tag_of(hash), position};
  }

  template <typename Rehash>
  void grow(const Rehash& rehash) {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.position != kNone) place(rehash(slot.position), slot.position);
    }
  }

  SeededHash hash_;
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace gorotrace
