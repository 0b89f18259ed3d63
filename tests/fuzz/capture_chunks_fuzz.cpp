// A capture file's header and chunks: as the input has them, or with sound checksums around what it says.
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <string>

#include "check.h"
#include "input.h"
#include "recording/chunk_file.h"
#include "recording/chunk_format.h"

using namespace gorotrace;
using fuzz::check;

namespace {

std::string chunk(fuzz::Input& input) {
  const auto how = input.take<std::uint8_t>();
  ChunkHeader header{.kind = input.take<std::uint8_t>(), .flags = input.take<std::uint8_t>()};
  header.sequence = input.take<std::uint8_t>();
  const Bytes content = input.take_bytes(input.take<std::uint8_t>());
  std::string stored(as_text(content));
  header.plain_bytes = static_cast<std::uint32_t>(content.size());
  if ((how & 1) == 0) {
    stored.resize(ZSTD_compressBound(content.size()));
    stored.resize(ZSTD_compress(stored.data(), stored.size(), content.data(), content.size(), 1));
  }
  header.stored_bytes = static_cast<std::uint32_t>(stored.size());
  if ((how & 2) != 0) header.stored_bytes = input.take<std::uint32_t>();
  if ((how & 4) != 0) header.plain_bytes = input.take<std::uint32_t>();
  header.checksum = checksum({reinterpret_cast<const std::uint8_t*>(stored.data()), stored.size()});
  return std::string(as_text(to_bytes(header))) + stored;
}

std::string made_file(fuzz::Input& input) {
  FileHeader header{.major = kFileVersion, .minor = input.take<std::uint8_t>()};
  header.size += input.take<std::uint8_t>();
  std::string out(as_text(to_bytes(header)));
  while (!input.rest().empty()) {
    const auto between = input.take<std::uint8_t>();
    out += between < 16 ? std::string(as_text(input.take_bytes(between))) : chunk(input);
  }
  return out;
}

// In the order that the header of the reader says.
class Order {
 public:
  void message(std::string_view text) {
    check(in_segment_ && !gap_, "a message stands in a segment");
    messages_ += text.size();
  }
  void segment() {
    in_segment_ = true;
    gap_ = false;
  }
  void gap() {
    check(!gap_, "gaps are told once");
    gap_ = true;
  }
  void end(const FileDamage& damage, std::size_t file) const {
    check(damage.bytes <= file, "no more is skipped than there is");
    check(!gap_ || damage.any(), "a gap is damage");
    check(messages_ <= file / ChunkHeader::kBytes * ChunkFileReader::kMaxChunkBytes,
          "chunks are not too large");
  }

 private:
  bool in_segment_ = false, gap_ = false;
  std::size_t messages_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool made = (input.take<std::uint8_t>() & 1) != 0;
  const std::string bytes = made ? made_file(input) : std::string(as_text(input.rest()));
  const UniqueFd file(::memfd_create("capture", MFD_CLOEXEC));
  check(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
        "the input is there");
  const auto reader = ChunkFileReader::open("/proc/self/fd/" + std::to_string(file.get()));
  if (!reader) {
    fuzz::check_printable(reader.error().message, "an error is printable");
    check(!made, "a file with this version's header is one");
    return 0;
  }
  Order order;
  const Status status = (*reader)->read({.message =
                                             [&](std::string_view message) {
                                               order.message(message);
                                               return Status();
                                             },
                                         .segment = [&] { order.segment(); },
                                         .gap = [&] { order.gap(); }});
  check(status.has_value(), "a file that is there can be read, whatever is in it");
  order.end((*reader)->damage(), bytes.size());
  return 0;
}
