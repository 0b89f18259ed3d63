#include "snapshot/merged_ranges.h"

#include <algorithm>

namespace gorotrace {
namespace {

// Copying this much more costs less than another range.
constexpr std::uint64_t kMergeGap = 2048;
constexpr std::uint64_t kMergedBytes = 64 * 1024;

}  // namespace

void MergedRanges::clear() {
  pieces_.clear();
  parts_.clear();
}

void MergedRanges::add(std::uint64_t begin, std::uint64_t size, bool alone) {
  const std::uint64_t end = begin + size;
  const bool joins = !alone && !parts_.empty() && !parts_.back().closed && begin >= parts_.back().begin &&
                     (begin <= parts_.back().end || begin - parts_.back().end <= kMergeGap) &&
                     end - parts_.back().begin <= kMergedBytes;
  if (!joins) parts_.push_back({begin, end, 0, alone});
  parts_.back().end = std::max(parts_.back().end, end);
  pieces_.push_back({begin, size, parts_.size() - 1});
}

void MergedRanges::append_to(std::vector<Memory::Range>& ranges) {
  std::size_t total = 0;
  for (Part& p : parts_) {
    p.offset = total;
    total += p.end - p.begin;
  }
  if (bytes_.size() < total) bytes_.resize(total);
  for (const Part& p : parts_) ranges.push_back({p.begin, {bytes_.data() + p.offset, p.end - p.begin}});
}

Bytes MergedRanges::piece(std::size_t n) const {
  const Piece& p = pieces_[n];
  const Part& part = parts_[p.range];
  return Bytes(bytes_).subspan(part.offset + (p.begin - part.begin), p.size);
}

}  // namespace gorotrace
