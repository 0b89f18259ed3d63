#include "snapshot/stack_set.h"

#include <algorithm>

namespace gorotrace {
namespace {

constexpr std::size_t kFirstBuckets = 256;
constexpr std::size_t kMaxDepth = 1u << 20;

}  // namespace

void StackSet::grow() {
  buckets_.assign(std::max(kFirstBuckets, buckets_.size() * 2), kNone);
  const std::size_t mask = buckets_.size() - 1;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    std::size_t at = hash_(entries_[i].id) & mask;
    while (buckets_[at] != kNone) at = (at + 1) & mask;
    buckets_[at] = i;
  }
}

std::uint32_t StackSet::add(std::uint64_t id, std::span<const std::uint64_t> pcs, bool truncated, Gap gap) {
  if (pcs.empty() || pcs.size() > kMaxDepth || entries_.size() >= kNone) return kNone;
  if (2 * (entries_.size() + 1) > buckets_.size()) grow();
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = hash_(id) & mask;
  for (; buckets_[at] != kNone; at = (at + 1) & mask) {
    if (entries_[buckets_[at]].id == id) return buckets_[at];
  }
  const auto index = static_cast<std::uint32_t>(entries_.size());
  buckets_[at] = index;
  entries_.push_back({id, pcs_.size(), static_cast<std::uint32_t>(pcs.size()), truncated, gap});
  pcs_.insert(pcs_.end(), pcs.begin(), pcs.end());
  return index;
}

StackSet::Stack StackSet::operator[](std::uint32_t index) const {
  if (index >= entries_.size()) return {};
  const Entry& e = entries_[index];
  return {e.id, std::span(pcs_).subspan(e.offset, e.depth), e.truncated, e.gap};
}

}  // namespace gorotrace
