// A file mapped into memory, for as long as the object lives.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"

namespace gorotrace {

class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(void* address, std::size_t size) : address_(address), size_(size) {}
  MappedFile(MappedFile&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (address_ != nullptr) ::munmap(address_, size_);
  }
  void drop_pages() const {
    if (address_ != nullptr) ::madvise(address_, size_, MADV_DONTNEED);
  }
  [[nodiscard]] Bytes bytes() const { return {static_cast<const std::uint8_t*>(address_), size_}; }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace gorotrace
