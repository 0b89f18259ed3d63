// A file in memory that has no name and is gone with whoever holds it: what is too large to be copied, or is
// written by code that writes to files. Its pages count as our memory. Not thread-safe; the bytes are, once
// it is sealed by map().
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

// Bytes of a file, mapped for reading. Whoever shares them keeps them.
class MappedBytes {
 public:
  MappedBytes(const void* address, std::size_t size) : address_(address), size_(size) {}
  MappedBytes(const MappedBytes&) = delete;
  MappedBytes& operator=(const MappedBytes&) = delete;
  ~MappedBytes();
  [[nodiscard]] std::string_view view() const { return {static_cast<const char*>(address_), size_}; }

 private:
  const void* address_;
  std::size_t size_;
};

class MemoryFile {
 public:
  // name: shown in /proc/self/fd.
  [[nodiscard]] static Result<MemoryFile> make(const char* name);

  // Opens it anew, from its beginning, for as long as this object lives: what takes a path takes this one.
  [[nodiscard]] std::string path() const;
  // Collects, and writes now and then. The first error stays, and map() says it.
  void append(std::string_view bytes);
  [[nodiscard]] std::size_t appended() const { return appended_; }
  // All that is in it. Nothing is written to it any more.
  [[nodiscard]] Result<std::shared_ptr<const MappedBytes>> map();

 private:
  explicit MemoryFile(UniqueFd fd) : fd_(std::move(fd)) {}
  void flush();

  UniqueFd fd_;
  std::string waiting_;
  std::size_t appended_ = 0;
  int error_ = 0;  // errno of the first write that failed
};

}  // namespace gorotrace
