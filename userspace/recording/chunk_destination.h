// Where the chunks of a capture file go: to a file, or to memory that keeps the last of them. Threads: the
// owner of the writer.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "recording/chunk_format.h"

namespace gorotrace {

class ChunkDestination {
 public:
  virtual ~ChunkDestination() = default;
  // The file's header, once, in front of everything.
  [[nodiscard]] virtual Status begin(std::string_view header) = 0;
  // A chunk as it stands in the file: `bytes` begin with the header's. Error: none of it is there, as far as
  // that can be done.
  [[nodiscard]] virtual Status put(const ChunkHeader& header, std::string_view bytes) = 0;
};

// Writes from the current position on; what came of a chunk to a regular file that then refuses the rest is
// taken back.
[[nodiscard]] std::unique_ptr<ChunkDestination> file_destination(UniqueFd file);

}  // namespace gorotrace
