#include "waits/batch.h"

#include <algorithm>
#include <numeric>

namespace gorotrace::waits {

bool Batch::read(std::span<const std::uint64_t> addresses, std::size_t size) {
  order_.resize(addresses.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::ranges::sort(order_, {}, [&](std::size_t i) { return addresses[i]; });
  piece_of_.resize(addresses.size());
  merged_.clear();
  for (std::size_t n = 0; n < order_.size(); ++n) {
    merged_.add(addresses[order_[n]], size);
    piece_of_[order_[n]] = n;
  }
  ranges_.clear();
  merged_.append_to(ranges_);
  alone_.clear();
  if (!memory_.read_many(ranges_, failed_)) return false;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (!failed_[merged_.range_of(piece_of_[i])]) continue;
    std::vector<std::uint8_t> bytes(size);
    if (!memory_.read(addresses[i], bytes)) bytes.clear();
    alone_.emplace(i, std::move(bytes));
  }
  return true;
}

Bytes Batch::at(std::size_t i) const {
  if (!failed_[merged_.range_of(piece_of_[i])]) return merged_.piece(piece_of_[i]);
  return alone_.at(i);
}

}  // namespace gorotrace::waits
