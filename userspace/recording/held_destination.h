// A file that stays as it is until it is said that the recording goes on; until then its chunks are kept in
// memory. If that is never said, a file that was made for it goes again. Threads: the owner of the writer.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "recording/chunk_destination.h"
#include "recording/claimed_file.h"

namespace gorotrace {

class HeldDestination : public ChunkDestination {
 public:
  // A regular file; goes_on: may be set by any thread, and outlives this object.
  HeldDestination(ClaimedFile file, const std::atomic<bool>& goes_on)
      : claimed_(std::move(file)), goes_on_(goes_on) {}

  Status begin(std::string_view header) override { return add(nullptr, header); }
  // The last chunk is an error, too, if the file is not what was written, or has lost its name.
  Status put(const ChunkHeader& header, std::string_view bytes) override { return add(&header, bytes); }

 private:
  [[nodiscard]] Status add(const ChunkHeader* header,
                           std::string_view bytes);  // nullptr: the file's own header

  ClaimedFile claimed_;
  const std::atomic<bool>& goes_on_;
  std::string held_;
  std::unique_ptr<ChunkDestination> file_;  // once it goes on
};

}  // namespace gorotrace
