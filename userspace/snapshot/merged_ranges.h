// Many small pieces of remote memory as few ranges: a range costs 0.35-0.6 us whatever its size (its pages
// are pinned one range at a time), so pieces that lie together share one. Threads: one owner. Keeps its
// buffers from one use to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "process/process.h"

namespace gorotrace {

class MergedRanges {
 public:
  // Forgets the pieces; the spans given out become invalid.
  void clear();
  // [begin, begin + size), by rising begin; overlapping is fine. With `alone`, the piece gets its own range.
  void add(std::uint64_t begin, std::uint64_t size, bool alone = false);
  // Adds the ranges that cover all pieces to `ranges`, over buffers of this object.
  void append_to(std::vector<Memory::Range>& ranges);

  // Of the n-th piece, after append_to(): its bytes once they were read, and which range it is in.
  [[nodiscard]] Bytes piece(std::size_t n) const;
  [[nodiscard]] std::size_t range_of(std::size_t n) const { return pieces_[n].range; }
  [[nodiscard]] std::uint64_t begin_of(std::size_t n) const { return pieces_[n].begin; }

 private:
  struct Piece {
    std::uint64_t begin, size;
    std::size_t range;
  };
  struct Part {
    std::uint64_t begin, end;
    std::size_t offset;  // in bytes_
    bool closed;
  };
  std::vector<Piece> pieces_;
  std::vector<Part> parts_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace gorotrace
