// The outer layer of a capture file: a header, then chunks of messages, each compressed (zstd) and with a
// checksum, so that a file that was cut or damaged anywhere gives all its whole chunks. README.md has the
// bytes. Threads: one owner each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "recording/chunk_destination.h"

namespace gorotrace {

// A reader takes files of its version and of all before it, whatever their minor one, which only adds what
// may be passed over.
inline constexpr std::uint16_t kFileVersion = 2, kFileMinorVersion = 1;

class ChunkFileWriter {
 public:
  // What a chunk holds before compression, but for the message that is the last.
  static constexpr std::size_t kChunkBytes = 256u << 10;
  static constexpr std::size_t kMaxMessageBytes = 4u << 20;

  // Writes the header. The file is empty, or is written from its current position; of a pipe SIGPIPE is
  // ignored.
  [[nodiscard]] static Result<std::unique_ptr<ChunkFileWriter>> make(UniqueFd file) {
    return make(file_destination(std::move(file)));
  }
  [[nodiscard]] static Result<std::unique_ptr<ChunkFileWriter>> make(std::unique_ptr<ChunkDestination> to);
  ~ChunkFileWriter();

  // Collects; writes a chunk once enough are collected. Error: the file cannot be written (ENOSPC, EIO, a
  // reader that is gone): what was in the chunk is lost, what was written before stays readable, for a part
  // of a chunk that reached the file is taken back where the file can be cut. Later calls try again, and are
  // of use from the next segment on. kFailed as well: the message is larger than kMaxMessageBytes.
  [[nodiscard]] Status add(std::string_view message);
  // Begins a segment: what follows can be read without what was before. Writes what is collected first.
  [[nodiscard]] Status begin_segment();
  // Writes what is collected.
  [[nodiscard]] Status flush();
  // A chunk that another writer made: only its number changes. Writes what is collected first.
  [[nodiscard]] Status add_chunk(ChunkHeader header, std::string_view stored);
  // The same, and a last chunk that says that the file is whole.
  [[nodiscard]] Status finish();

  [[nodiscard]] std::uint64_t bytes_written() const;

 private:
  struct Impl;
  explicit ChunkFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What is wrong with a file, as far as it was read.
struct FileDamage {
  bool cut = false;              // it ends within a chunk, or without the last chunk
  std::uint64_t chunks = 0;      // that are missing, are damaged, or are of no use without one that is
  std::uint64_t cut_chunks = 0;  // of them: what the cut left of the last one
  std::uint64_t bytes = 0;       // skipped: those of such chunks, and what is no chunk
  std::uint64_t cut_bytes = 0;   // of them: behind the last whole chunk, where the file was cut
  std::uint64_t whole_to = 0;    // offset in the file: the last whole chunk ends here
  bool another = false;          // behind its end another capture file begins, which was not read
  // Chunks that are missing or damaged while others follow: that a file was cut off is another thing.
  [[nodiscard]] std::uint64_t within() const { return chunks - cut_chunks; }
  [[nodiscard]] std::uint64_t bytes_within() const { return bytes - cut_bytes; }
  [[nodiscard]] bool any() const { return cut || chunks != 0 || bytes != 0; }
};

// Whether a file begins as a capture file does. Error: it cannot be opened or read.
[[nodiscard]] Result<bool> is_capture_file(const std::string& path);

class ChunkFileReader {
 public:
  static constexpr std::size_t kMaxChunkBytes = 8u << 20;  // before compression; a larger claim is damage

  // kUnsupported: a version that is newer than kFileVersion, with what is needed; kFailed: no capture file. A
  // pipe will do.
  [[nodiscard]] static Result<std::unique_ptr<ChunkFileReader>> open(const std::string& path);
  ~ChunkFileReader();

  struct Handler {
    std::function<Status(std::string_view message)> message;
    std::function<void()> segment;  // one begins
    // Chunks were skipped; what comes next begins a segment, or nothing comes any more.
    std::function<void()> gap;
  };
  // The whole file, in order, once. The error of a message handler ends it; else the file cannot be read
  // (EIO). Memory: one chunk, as the file has it and unpacked. A damaged chunk costs no more than the part up
  // to the next segment.
  [[nodiscard]] Status read(const Handler& handler);
  [[nodiscard]] const FileDamage& damage() const;
  // Of the chunks so far, as the file has them.
  [[nodiscard]] std::uint64_t bytes_read() const;

 private:
  class Impl;
  explicit ChunkFileReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
