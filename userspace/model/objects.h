// Channels and semaphores by address. A program makes channels all the time, so when the table is full the
// half that was waited on least, and that nobody waits on now, is dropped and counted.
#pragma once

#include <cstdint>
#include <vector>

#include "base/seeded_hash.h"
#include "model/flat_index.h"
#include "model/model.h"
#include "model/wakers.h"

namespace gorotrace {

struct ObjectData {
  ObjectRow::Kind kind = ObjectRow::Kind::kChannel;
  std::uint64_t address = 0;  // 0 = free position
  std::uint32_t open = 0;     // waits open on it now: pins the position
  std::uint64_t waits = 0, selects = 0, in_window_ns = 0;
  std::uint64_t sends = 0, receives = 0, closes = 0, would_block = 0, acquires = 0, releases = 0;
  std::uint64_t waiter_stack = 0;
  std::uint8_t waiter_reason = 0;
  Wakers releasers;
  std::uint64_t before_ns = 0;  // as BlockingData::before_ns
};

class Objects {
 public:
  static constexpr std::size_t kMaxRows = 65536;
  [[nodiscard]] std::uint32_t row(ObjectRow::Kind kind,
                                  std::uint64_t address);  // kNone when full of open waits
  [[nodiscard]] std::uint32_t find(ObjectRow::Kind kind, std::uint64_t address) const;  // kNone: no row
  [[nodiscard]] ObjectData& operator[](std::uint32_t i) { return rows_[i]; }
  [[nodiscard]] const std::vector<ObjectData>& all() const { return rows_; }
  [[nodiscard]] std::uint64_t evicted() const { return evicted_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  [[nodiscard]] std::uint64_t hash(ObjectRow::Kind kind, std::uint64_t address) const;
  void evict();
  [[nodiscard]] std::uint64_t hash_of(ObjectRow::Kind kind, std::uint64_t address) const {
    return hash_(address, static_cast<std::uint64_t>(kind));
  }
  SeededHash hash_;
  std::vector<ObjectData> rows_;
  std::vector<std::uint32_t> free_;
  FlatIndex index_;
  std::uint64_t evicted_ = 0, refused_ = 0;
};

}  // namespace gorotrace
