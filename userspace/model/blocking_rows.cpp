#include "model/blocking_rows.h"

#include <algorithm>
#include <utility>

namespace gorotrace {

void BlockingData::note_site(std::uint32_t of_goroutine) {
  if (!std::exchange(sited, true)) {
    site = of_goroutine;
  } else if (site != of_goroutine) {
    site = kNone;
  }
}

std::uint32_t BlockingRows::row(const BlockingKey& key) {
  const std::uint32_t found = index_.find(hash_of(key), [&](std::uint32_t i) { return rows_[i].key == key; });
  if (found != kNone) return found;
  if (when_full_ == WhenFull::kFold && rows_.size() >= kMaxRows && free_.empty()) {
    // A pass over all rows: when everything is waited in, not again before as many more have been refused.
    if (refused_ % kMaxRows == 0) fold();
    refused_ = free_.empty() ? refused_ + 1 : 0;
  }
  return make(key);
}

std::uint32_t BlockingRows::make(const BlockingKey& key) {
  std::uint32_t made = kNone;
  if (!free_.empty()) {
    made = free_.back();
    free_.pop_back();
  } else if (rows_.size() < kMaxRows) {
    made = static_cast<std::uint32_t>(rows_.size());
    rows_.emplace_back();
  } else {
    return kNone;
  }
  rows_[made].key = key;
  rows_[made].used = true;
  index_.insert(hash_of(key), made, [&](std::uint32_t i) { return hash_of(rows_[i].key); });
  return made;
}

void BlockingRows::fold() {
  std::vector<std::uint32_t> idle;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].used && rows_[i].open == 0 && !rows_[i].key.others) idle.push_back(i);
  }
  const auto half = static_cast<std::ptrdiff_t>(std::min(idle.size(), rows_.size() / 2));
  std::nth_element(idle.begin(), idle.begin() + half, idle.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(rows_[a].in_window_ns, a) < std::pair(rows_[b].in_window_ns, b);
  });
  idle.resize(static_cast<std::size_t>(half));
  std::ranges::sort(idle);
  std::vector<BlockingData> gone;
  gone.reserve(idle.size());
  for (const std::uint32_t i : idle) {
    gone.push_back(std::exchange(rows_[i], BlockingData{}));
    free_.push_back(i);
  }
  folded_ += gone.size();
  reindex();
  for (const BlockingData& from : gone) {
    BlockingKey key = from.key;
    key.stack = 0;
    key.others = true;
    // There is room: at most one row for each of those that went.
    const std::uint32_t found =
        index_.find(hash_of(key), [&](std::uint32_t i) { return rows_[i].key == key; });
    BlockingData& into = rows_[found != kNone ? found : make(key)];
    ++into.folded;
    into.waits.merge(from.waits);
    into.begun += from.begun;
    into.ended_unknown += from.ended_unknown;
    into.tainted += from.tainted;
    into.in_window_ns += from.in_window_ns;
    into.before_ns += from.before_ns;
    into.wakers.merge(from.wakers);
  }
}

void BlockingRows::reindex() {
  index_.clear();
  const auto rehash = [&](std::uint32_t i) { return hash_of(rows_[i].key); };
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].used) index_.insert(rehash(i), i, rehash);
  }
}

std::size_t BlockingRows::memory_bytes() const {
  std::size_t sum = rows_.capacity() * sizeof(BlockingData) + free_.capacity() * sizeof(std::uint32_t) +
                    index_.memory_bytes();
  for (const BlockingData& r : rows_) sum += r.waits.memory_bytes() + r.wakers.memory_bytes();
  return sum;
}

}  // namespace gorotrace
