#include "model/blocking_rows.h"

namespace gorotrace {
namespace {
std::uint64_t hash_of(const FlatIndex& index, const BlockingKey& key) {
  const unsigned tail = key.reason | (key.in_syscall ? 0x100u : 0u) | (key.system ? 0x200u : 0u);
  return index.hash(key.stack, tail);
}
}  // namespace

std::uint32_t BlockingRows::row(const BlockingKey& key) {
  const std::uint64_t hash = hash_of(index_, key);
  const std::uint32_t found = index_.find(hash, [&](std::uint32_t i) { return rows_[i].key == key; });
  if (found != kNone || rows_.size() >= kMaxRows) return found;
  const auto made = static_cast<std::uint32_t>(rows_.size());
  rows_.emplace_back().key = key;
  index_.insert(hash, made, [&](std::uint32_t i) { return hash_of(index_, rows_[i].key); });
  return made;
}

std::size_t BlockingRows::memory_bytes() const {
  std::size_t sum = rows_.capacity() * sizeof(BlockingData) + index_.memory_bytes();
  for (const BlockingData& r : rows_) sum += r.waits.memory_bytes() + r.wakers.memory_bytes();
  return sum;
}

}  // namespace gorotrace
