// How much a capture file may say of, by how many bytes of it were read: compression makes much out of
// little, and what a reader keeps of an event or a goroutine is a hundred times a byte of the file. No
// recorder comes near to it. Measured: an event takes 1.5 bytes at least (a ping-pong), a goroutine in a look
// or a checkpoint 2 (500,000 of them that do the same). Pure, not thread-safe. Memory: bounded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/seeded_hash.h"
#include "recording/file_item.h"

namespace gorotrace {

// Rows of an item that is a list: goroutines, what they wait for, changes of a tick.
[[nodiscard]] std::size_t rows_of(const FileItem& item);

class FileClaims {
 public:
  static constexpr std::uint64_t kRows = 1u << 20, kRowsOfByte = 2;  // of one item
  static constexpr std::uint64_t kRecords = 256u << 10, kRecordsOfByte = 8;
  // Program counters of different stacks. One that is told again, as each segment does, is none.
  static constexpr std::uint64_t kPcs = 16u << 20, kPcsOfByte = 64;
  static constexpr std::size_t kTargets = 4096;  // more than any session has

  void read(std::uint64_t bytes) { bytes_ = bytes; }  // so far
  [[nodiscard]] std::size_t rows() const { return kRows + kRowsOfByte * bytes_; }
  // Error: it is of more than the file can have.
  [[nodiscard]] Status take(const FileItem& item);

 private:
  [[nodiscard]] Status take_item(const Item& item);

  std::uint64_t bytes_ = 0, records_ = 0, pcs_ = 0;
  SeededSet<TargetId> targets_;
  SeededSet<std::uint64_t> stacks_;  // of late
};

}  // namespace gorotrace
