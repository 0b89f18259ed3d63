// Rows of ended and open waits by (reason, stack): what a goroutine's open wait points into.
#pragma once

#include <cstdint>
#include <vector>

#include "model/flat_index.h"
#include "model/model.h"
#include "model/wakers.h"

namespace gorotrace {

struct BlockingKey {
  std::uint64_t stack = 0;
  std::uint8_t reason = 0;
  bool in_syscall = false, system = false;
  bool operator==(const BlockingKey&) const = default;
};

struct BlockingData {
  BlockingKey key;
  Histogram waits;
  std::uint64_t ended_unknown = 0, tainted = 0, in_window_ns = 0;
  Wakers wakers;
};

class BlockingRows {
 public:
  static constexpr std::size_t kMaxRows = 65536;
  // Row of the key, made when there is room; kNone when there is none.
  [[nodiscard]] std::uint32_t row(const BlockingKey& key);
  [[nodiscard]] BlockingData& operator[](std::uint32_t i) { return rows_[i]; }
  [[nodiscard]] const std::vector<BlockingData>& all() const { return rows_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  std::vector<BlockingData> rows_;
  FlatIndex index_;
};

}  // namespace gorotrace
