// A capture file in memory: written, changed at will, and read as a handler sees it.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "recording/chunk_file.h"
#include "recording/chunk_format.h"

namespace gorotrace::testing {

class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes = {}) : fd_(::memfd_create("capture", MFD_CLOEXEC)) {
    EXPECT_TRUE(fd_);
    EXPECT_EQ(::pwrite(fd_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  // Opened by it, the file has a position of its own.
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }
  [[nodiscard]] std::string bytes() const {
    struct stat status{};
    EXPECT_EQ(::fstat(fd_.get(), &status), 0);
    std::string out(static_cast<std::size_t>(status.st_size), '\0');
    EXPECT_EQ(::pread(fd_.get(), out.data(), out.size(), 0), static_cast<ssize_t>(out.size()));
    return out;
  }
  [[nodiscard]] UniqueFd again() const { return UniqueFd(::dup(fd_.get())); }

 private:
  UniqueFd fd_;
};

// What a handler is told: each message, "<" where a segment begins, "-" for a gap.
struct Read {
  std::vector<std::string> told;
  FileDamage damage;
};

inline Result<Read> read_path(const std::string& path) {
  auto reader = ChunkFileReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  Read out;
  const Status status = (*reader)->read({.message =
                                             [&](std::string_view message) {
                                               out.told.emplace_back(message);
                                               return Status();
                                             },
                                         .segment = [&] { out.told.emplace_back("<"); },
                                         .gap = [&] { out.told.emplace_back("-"); }});
  if (!status) return std::unexpected(status.error());
  out.damage = (*reader)->damage();
  return out;
}
inline Result<Read> read_bytes(std::string_view bytes) {
  return read_path(MemoryFile(bytes).path());
}

// A file that knows where its chunks lie.
struct Chunk {
  std::size_t begin = 0, end = 0;
  std::vector<std::string> messages;
  bool begins_segment = false;
};
struct Made {
  std::string bytes;
  std::vector<Chunk> chunks;  // the last one is the end
};

// `segments`: of each its chunks, of each of these its messages.
inline Made make_file(const std::vector<std::vector<std::vector<std::string>>>& segments) {
  const MemoryFile file;
  Made out;
  auto writer = ChunkFileWriter::make(file.again());
  EXPECT_TRUE(writer);
  std::size_t at = (*writer)->bytes_written();
  const auto chunk = [&](std::vector<std::string> messages, bool begins) {
    out.chunks.push_back({at, (*writer)->bytes_written(), std::move(messages), begins});
    at = (*writer)->bytes_written();
  };
  for (const auto& segment : segments) {
    EXPECT_TRUE((*writer)->begin_segment());
    bool begins = true;
    for (const auto& messages : segment) {
      for (const std::string& message : messages) EXPECT_TRUE((*writer)->add(message));
      EXPECT_TRUE((*writer)->flush());
      chunk(messages, std::exchange(begins, false));
    }
  }
  EXPECT_TRUE((*writer)->finish());
  chunk({}, false);
  out.bytes = file.bytes();
  EXPECT_EQ(out.bytes.size(), at);
  return out;
}
// Seven chunks in three segments, and the end.
inline Made small_file() {
  return make_file({{{"a", "bb"}, {"ccc"}, {"", "e"}}, {{"f"}, {"g"}}, {{"h"}, {"i", "j"}}});
}

}  // namespace gorotrace::testing
