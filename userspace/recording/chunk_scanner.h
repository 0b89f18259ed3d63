// Finds the whole chunks of a capture file, whatever lies between them. Not thread-safe.
#pragma once

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "recording/chunk_format.h"
#include "recording/read_ahead.h"

namespace gorotrace {

class ChunkScanner {
 public:
  struct Chunk {
    ChunkHeader header;
    std::size_t bytes = 0;  // in the file
    Bytes plain;            // valid until the next one; empty of a kind that this version does not know
  };

  // `file` stands behind the file's header.
  explicit ChunkScanner(ReadAhead file);

  // nullopt: there is none any more. Error: of read(2). Time: each byte of the file is looked at a limited
  // number of times, whatever the file claims.
  [[nodiscard]] Result<std::optional<Chunk>> next();
  // What the last next() went over: bytes, and chunks that have a header and are not whole.
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  // Of what comes next, in the file.
  [[nodiscard]] std::uint64_t offset() const { return file_.offset(); }
  // The first bytes behind the last chunk, so many or all that are known.
  [[nodiscard]] Result<Bytes> behind(std::size_t bytes);
  // Bytes behind the last chunk.
  [[nodiscard]] std::uint64_t rest() const { return file_.ahead().size() + file_.unread(); }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  [[nodiscard]] Result<bool> read(const ChunkHeader& header);
  [[nodiscard]] bool unpack(const ChunkHeader& header, Bytes stored);
  void pass(std::size_t bytes);
  void to_next_sync();
  [[nodiscard]] Status over_failed(const ChunkHeader& header);

  ReadAhead file_;
  std::unique_ptr<ZSTD_DCtx, Free> decompressor_;
  std::vector<std::uint8_t> plain_;
  std::uint64_t skipped_ = 0, failed_ = 0;
  std::uint64_t claimed_ = 0;    // the farthest offset to which a chunk that failed would go
  unsigned within_claimed_ = 0;  // chunks that began before it and failed as well
};

}  // namespace gorotrace
