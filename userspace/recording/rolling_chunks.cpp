#include "recording/rolling_chunks.h"

#include <algorithm>
#include <utility>

#include "recording/chunk_file.h"
#include "recording/codec.h"

namespace gorotrace {
namespace {

// A part of all that may be kept: what is dropped at once when there is too much.
constexpr std::uint64_t kSegmentPart = 8;

std::uint64_t bytes_of(const KeptChunks::Chunk& chunk) {
  constexpr std::uint64_t kOfTheHeap = 48;  // of its own, of two blocks and a counter
  return sizeof chunk + kOfTheHeap + chunk.stored.size();
}

}  // namespace

Status RollingChunks::put(const ChunkHeader& header, std::string_view bytes) {
  if (header.kind != static_cast<std::uint8_t>(ChunkKind::kMessages))
    return {};  // a file has an end of its own
  if ((header.flags & ChunkHeader::kBeginsSegment) != 0) {
    segments_.push_back(next_);
    overflown_ = false;
  }
  const std::string_view stored = bytes.substr(ChunkHeader::kBytes);
  if (overflown_ || segments_.empty()) {
    dropped_bytes_ += stored.size();
    return {};
  }
  const auto chunk = std::make_shared<const KeptChunks::Chunk>(header, std::string(stored));
  Segment& last = segments_.back();
  last.bytes += bytes_of(*chunk);
  bytes_ += bytes_of(*chunk);
  last.chunks.push_back(chunk);
  keep_to_the_bound();
  return {};
}

void RollingChunks::reached(std::uint64_t at_ns) {
  reached_ns_ = std::max(reached_ns_, at_ns);
  while (segments_.size() > 1 && segments_[1].from_ns + bounds_.last_ns <= at_ns) drop_oldest();
}

void RollingChunks::keep_to_the_bound() {
  while (bytes_ > bounds_.max_bytes && !segments_.empty()) {
    overflown_ = segments_.size() == 1;
    drop_oldest();
  }
}

void RollingChunks::drop_oldest() {
  bytes_ -= segments_.front().bytes;
  for (const auto& chunk : segments_.front().chunks) dropped_bytes_ += chunk->stored.size();
  segments_.pop_front();
}

// A checkpoint may be large against the bound: then a segment is at least three times as large, and where
// that is too much as large as leaves room for the next chunks.
bool RollingChunks::segment_is_large(std::uint64_t checkpoint_bytes) const {
  if (segments_.empty()) return false;
  const std::uint64_t now = segments_.back().bytes, all = bounds_.max_bytes;
  if (now >= std::max(all / kSegmentPart, 3 * checkpoint_bytes)) return true;
  return now >= all / 4 * 3 && now >= checkpoint_bytes + all / 16;
}

KeptChunks RollingChunks::keep(std::uint64_t records) const {
  KeptChunks out;
  for (const Segment& segment : segments_)
    out.chunks.insert(out.chunks.end(), segment.chunks.begin(), segment.chunks.end());
  out.from_the_start = dropped_bytes_ == 0;
  out.from_ns = from_ns();
  out.to_ns = reached_ns_;
  out.records = segments_.empty() ? 0 : records - segments_.front().records_before;
  out.bytes = bytes_;
  out.dropped_bytes = dropped_bytes_;
  return out;
}

Status write_kept(const KeptChunks& kept, const WindowKept& told, std::unique_ptr<ChunkDestination> to) {
  auto writer = ChunkFileWriter::make(std::move(to));
  if (!writer) return std::unexpected(writer.error());
  Status added;
  encode(FileItem(told), [&](std::string_view message) {
    if (added) added = (*writer)->add(message);
  });
  if (!added) return added;
  for (const auto& chunk : kept.chunks) {
    if (auto put = (*writer)->add_chunk(chunk->header, chunk->stored); !put) return put;
  }
  return (*writer)->finish();
}

}  // namespace gorotrace
