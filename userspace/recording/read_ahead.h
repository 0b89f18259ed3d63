// A file from front to back, of which some bytes ahead can be looked at before they are passed. A pipe is
// one, too. Memory: what was asked for and is there, not what was asked for. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

class ReadAhead {
 public:
  explicit ReadAhead(UniqueFd file) : file_(std::move(file)) {}

  // How many bytes are ahead: at least `wanted`, or all that are left. Error: of read(2).
  [[nodiscard]] Result<std::size_t> fill(std::size_t wanted);
  // Those that have been filled.
  [[nodiscard]] Bytes ahead() const { return Bytes(buffer_).subspan(at_, end_ - at_); }
  void pass(std::size_t bytes) { at_ += bytes; }  // at most ahead().size()
  // Of the first byte ahead, in the file.
  [[nodiscard]] std::uint64_t offset() const { return read_ - (end_ - at_); }
  // Those that are left behind what is ahead, without reading them: 0 where nobody knows (a pipe).
  [[nodiscard]] std::uint64_t unread() const;

 private:
  UniqueFd file_;
  std::vector<std::uint8_t> buffer_;  // [at_, end_) is ahead
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t read_ = 0;
  bool ended_ = false;
};

}  // namespace gorotrace
