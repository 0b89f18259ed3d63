// The last part of a recording, in memory: the flight recorder's. Chunks as a capture file has them, by
// segment, of which the oldest go whole: once what is behind them is as long as was asked for, or once all
// together are larger than they may be. Threads: one owner; what keep() gave may be used on any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "recording/chunk_destination.h"
#include "recording/file_item.h"

namespace gorotrace {

// Chunks in order, the first of which begins a segment; none: nothing could be kept. They stay as they are
// while more is recorded, so they take up memory until they are let go of.
struct KeptChunks {
  struct Chunk {
    ChunkHeader header;
    std::string stored;  // the bytes behind the header
  };
  std::vector<std::shared_ptr<const Chunk>> chunks;
  bool from_the_start = false;  // nothing was dropped
  std::uint64_t from_ns = 0;    // where the first segment begins, in the time of the stream
  std::uint64_t to_ns = 0;      // how far the stream has come
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;          // of memory
  std::uint64_t dropped_bytes = 0;  // of chunks from before that
};

// They as a capture file, `told` in front of them. Error: of `to`.
[[nodiscard]] Status write_kept(const KeptChunks& kept, const WindowKept& told,
                                std::unique_ptr<ChunkDestination> to);

class RollingChunks : public ChunkDestination {
 public:
  struct Bounds {
    std::uint64_t last_ns = 0;    // what is to be kept at least, if it is not too much
    std::uint64_t max_bytes = 0;  // of memory
  };
  explicit RollingChunks(const Bounds& bounds) : bounds_(bounds) {}

  Status begin(std::string_view) override { return {}; }  // a file has a header of its own
  Status put(const ChunkHeader& header, std::string_view bytes) override;

  // The next chunk that begins a segment begins there, in the time of the stream; so many records came
  // before.
  void next_segment_from(std::uint64_t at_ns, std::uint64_t records_before) {
    next_ = {.from_ns = at_ns, .records_before = records_before, .bytes = 0, .chunks = {}};
  }
  // The stream has come so far.
  void reached(std::uint64_t at_ns);
  // The last segment is so large that another should begin, so that the oldest can go. checkpoint_bytes: of
  // what it began with.
  [[nodiscard]] bool segment_is_large(std::uint64_t checkpoint_bytes) const;

  // records: that came so far.
  [[nodiscard]] KeptChunks keep(std::uint64_t records) const;
  // As keep() would say them.
  [[nodiscard]] std::uint64_t from_ns() const { return segments_.empty() ? 0 : segments_.front().from_ns; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Segment {
    std::uint64_t from_ns = 0, records_before = 0, bytes = 0;
    std::vector<std::shared_ptr<const KeptChunks::Chunk>> chunks;
  };
  void drop_oldest();
  void keep_to_the_bound();

  const Bounds bounds_;
  std::deque<Segment> segments_;  // the last one grows
  std::uint64_t bytes_ = 0, dropped_bytes_ = 0, reached_ns_ = 0;
  Segment next_;            // without its chunks
  bool overflown_ = false;  // the last segment alone was too large, and what is left of it has no beginning
};

}  // namespace gorotrace
