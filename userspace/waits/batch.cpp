#include "waits/batch.h"

namespace gorotrace::waits {

bool Batch::read(std::span<const std::uint64_t> addresses, std::size_t size) {
  size_ = size;
  bytes_.resize(addresses.size() * size);
  ranges_.clear();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    ranges_.push_back({addresses[i], std::span(bytes_).subspan(i * size, size)});
  }
  return memory_.read_many(ranges_, failed_);
}

Bytes Batch::at(std::size_t i) const {
  return failed_[i] ? Bytes{} : slice(bytes_, i * size_, size_);
}

}  // namespace gorotrace::waits
