#include "recording/chunk_scanner.h"

#include <algorithm>
#include <utility>

#include "recording/chunk_file.h"

namespace gorotrace {
namespace {

// A chunk that was cut has a whole one in what it claims, and some may have been cut in a row. A file that
// was made to keep us busy has one in each 28 bytes, all of which claim megabytes.
constexpr unsigned kMaxWithinClaimed = 16;

const std::size_t kMaxStoredBytes = ZSTD_compressBound(ChunkFileReader::kMaxChunkBytes);

}  // namespace

ChunkScanner::ChunkScanner(ReadAhead file) : file_(std::move(file)), decompressor_(ZSTD_createDCtx()) {}

Result<std::optional<ChunkScanner::Chunk>> ChunkScanner::next() {
  skipped_ = failed_ = 0;
  while (true) {
    const auto filled = file_.fill(ChunkHeader::kBytes);
    if (!filled) return std::unexpected(filled.error());
    if (*filled < ChunkHeader::kBytes) {
      pass(*filled);
      return std::nullopt;
    }
    const auto header = chunk_header(file_.ahead().first(ChunkHeader::kBytes));
    if (!header) {
      to_next_sync();
      continue;
    }
    const auto whole = read(*header);
    if (!whole) return std::unexpected(whole.error());
    if (*whole) {
      const std::size_t bytes = ChunkHeader::kBytes + header->stored_bytes;
      file_.pass(bytes);
      return Chunk{*header, bytes, plain_};
    }
    if (const Status over = over_failed(*header); !over) return std::unexpected(over.error());
  }
}

// False: it is not whole.
Result<bool> ChunkScanner::read(const ChunkHeader& header) {
  if (header.stored_bytes > kMaxStoredBytes || header.plain_bytes > ChunkFileReader::kMaxChunkBytes)
    return false;
  const std::size_t bytes = ChunkHeader::kBytes + header.stored_bytes;
  const auto filled = file_.fill(bytes);
  if (!filled) return std::unexpected(filled.error());
  if (*filled < bytes) return false;
  const Bytes stored = file_.ahead().subspan(ChunkHeader::kBytes, header.stored_bytes);
  return checksum(stored) == header.checksum && unpack(header, stored);
}

bool ChunkScanner::unpack(const ChunkHeader& header, Bytes stored) {
  plain_.clear();
  if (header.kind != static_cast<std::uint8_t>(ChunkKind::kMessages)) return true;
  // What the frame itself claims is compared first: no memory for a claim that cannot hold.
  if (!decompressor_ || ZSTD_getFrameContentSize(stored.data(), stored.size()) != header.plain_bytes)
    return false;
  plain_.resize(header.plain_bytes);
  const std::size_t size =
      ZSTD_decompressDCtx(decompressor_.get(), plain_.data(), plain_.size(), stored.data(), stored.size());
  return ZSTD_isError(size) == 0 && size == plain_.size();
}

void ChunkScanner::pass(std::size_t bytes) {
  file_.pass(bytes);
  skipped_ += bytes;
}

void ChunkScanner::to_next_sync() {
  const Bytes ahead = file_.ahead();
  const auto found = std::ranges::search(ahead.subspan(1), kChunkSync);
  // If there is none, its first bytes may be the last ones here.
  const auto bytes = found.empty() ? ahead.size() - (kChunkSync.size() - 1)
                                   : static_cast<std::size_t>(found.begin() - ahead.begin());
  pass(bytes);
}

Status ChunkScanner::over_failed(const ChunkHeader& header) {
  ++failed_;
  const std::uint64_t begin = file_.offset();
  within_claimed_ = begin < claimed_ ? within_claimed_ + 1 : 0;
  if (header.stored_bytes <= kMaxStoredBytes)
    claimed_ = std::max(claimed_, begin + ChunkHeader::kBytes + header.stored_bytes);
  if (within_claimed_ < kMaxWithinClaimed) {
    pass(kChunkSync.size());
    return {};
  }
  within_claimed_ = 0;
  while (file_.offset() < claimed_) {
    const auto filled = file_.fill(1);
    if (!filled) return std::unexpected(filled.error());
    if (*filled == 0) break;
    pass(std::min<std::size_t>(*filled, claimed_ - file_.offset()));
  }
  return {};
}

Result<Bytes> ChunkScanner::behind(std::size_t bytes) {
  // Who writes a pipe may not have closed it yet: nobody waits for that.
  if (file_.unread() != 0) {
    if (const auto filled = file_.fill(bytes); !filled) return std::unexpected(filled.error());
  }
  return file_.ahead().first(std::min(bytes, file_.ahead().size()));
}

}  // namespace gorotrace
