// Rows of ended and open waits by (reason, stack) and, when it is asked for, a label's value: what a
// goroutine's open wait points into. A program may come to its waits by any number of call paths: when the
// table is full the half that was waited in least, and in which nobody waits now, is folded into one row per
// reason, and counted.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/flat_index.h"
#include "model/model.h"
#include "model/wakers.h"

namespace gorotrace {

struct BlockingKey {
  std::uint64_t stack = 0;
  std::uint8_t reason = 0;
  bool in_syscall = false, system = false;
  bool others = false;  // the row of folded ones; its stack is 0
  LabelId label = kNoLabelAsked;
  bool operator==(const BlockingKey&) const = default;
};

struct BlockingData {
  BlockingKey key;
  bool used = false;       // else a free position
  std::uint32_t open = 0;  // waits open in it now: pins the position
  std::uint64_t folded = 0;
  Histogram waits;
  std::uint64_t begun = 0;  // waits whose beginning an event told
  std::uint64_t ended_unknown = 0, tainted = 0, in_window_ns = 0;
  Wakers wakers;
  // Of in_window_ns, and of the waits that go on: what lies before the checkpoint that the model began from.
  std::uint64_t before_ns = 0;
  // The creation site of all whose waits were in it; kNone: there are several, or none is known.
  std::uint32_t site = kNone;
  bool sited = false;
  void note_site(std::uint32_t of_goroutine);
};

// BlockingData::begun of each row, so far, and how many rows had been folded by then.
struct BegunWaits {
  std::vector<std::pair<BlockingKey, std::uint64_t>> rows;
  std::uint64_t rows_folded = 0;
};

class BlockingRows {
 public:
  static constexpr std::size_t kMaxRows = 65536;
  enum class WhenFull { kFold, kRefuse };  // kRefuse: a position once given is the key's for good
  explicit BlockingRows(WhenFull when_full) : when_full_(when_full) {}
  // Row of the key, made when there is room; kNone when there is none.
  [[nodiscard]] std::uint32_t row(const BlockingKey& key);
  [[nodiscard]] BlockingData& operator[](std::uint32_t i) { return rows_[i]; }
  [[nodiscard]] const std::vector<BlockingData>& all() const { return rows_; }  // free ones too
  [[nodiscard]] std::uint64_t folded() const { return folded_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  [[nodiscard]] std::uint64_t hash_of(const BlockingKey& key) const {
    const unsigned tail =
        key.reason | (key.in_syscall ? 0x100u : 0u) | (key.system ? 0x200u : 0u) | (key.others ? 0x400u : 0u);
    return index_.hash(key.stack ^ key.label, tail);
  }
  std::uint32_t make(const BlockingKey& key);
  void fold();
  void reindex();

  WhenFull when_full_;
  std::vector<BlockingData> rows_;
  std::vector<std::uint32_t> free_;
  FlatIndex index_;
  std::uint64_t folded_ = 0, refused_ = 0;
};

}  // namespace gorotrace
