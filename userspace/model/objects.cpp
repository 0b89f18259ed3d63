#include "model/objects.h"

#include <algorithm>

namespace gorotrace {

std::uint64_t Objects::hash(ObjectRow::Kind kind, std::uint64_t address) const {
  return index_.hash(address, static_cast<std::uint64_t>(kind));
}

std::uint32_t Objects::find(ObjectRow::Kind kind, std::uint64_t address) const {
  return index_.find(hash(kind, address),
                     [&](std::uint32_t i) { return rows_[i].address == address && rows_[i].kind == kind; });
}

std::uint32_t Objects::row(ObjectRow::Kind kind, std::uint64_t address) {
  const std::uint64_t hash_of_key = hash(kind, address);
  const auto rehash = [&](std::uint32_t i) { return hash(rows_[i].kind, rows_[i].address); };
  const std::uint32_t found = index_.find(
      hash_of_key, [&](std::uint32_t i) { return rows_[i].address == address && rows_[i].kind == kind; });
  if (found != kNone) return found;
  if (rows_.size() >= kMaxRows && free_.empty()) {
    // A pass over all rows: when everything is waited on, not again before as many more have been refused.
    if (refused_ % kMaxRows == 0) evict();
    refused_ = free_.empty() ? refused_ + 1 : 0;
  }
  std::uint32_t made = kNone;
  if (!free_.empty()) {
    made = free_.back();
    free_.pop_back();
    rows_[made] = ObjectData{};
  } else if (rows_.size() < kMaxRows) {
    made = static_cast<std::uint32_t>(rows_.size());
    rows_.emplace_back();
  } else {
    return kNone;
  }
  rows_[made].kind = kind;
  rows_[made].address = address;
  index_.insert(hash_of_key, made, rehash);
  return made;
}

void Objects::evict() {
  std::vector<std::uint32_t> idle;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].open == 0) idle.push_back(i);
  }
  const auto half = static_cast<std::ptrdiff_t>(std::min(idle.size(), rows_.size() / 2));
  std::nth_element(idle.begin(), idle.begin() + half, idle.end(), [&](std::uint32_t a, std::uint32_t b) {
    return rows_[a].in_window_ns < rows_[b].in_window_ns;
  });
  idle.resize(static_cast<std::size_t>(half));
  for (const std::uint32_t i : idle) {
    rows_[i] = ObjectData{};
    free_.push_back(i);
  }
  evicted_ += idle.size();
  index_.clear();
  const auto rehash = [&](std::uint32_t i) { return hash(rows_[i].kind, rows_[i].address); };
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].address != 0) index_.insert(rehash(i), i, rehash);
  }
}

std::size_t Objects::memory_bytes() const {
  std::size_t sum = rows_.capacity() * sizeof(ObjectData) + free_.capacity() * sizeof(std::uint32_t) +
                    index_.memory_bytes();
  for (const ObjectData& r : rows_) sum += r.releasers.memory_bytes();
  return sum;
}

}  // namespace gorotrace
