#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/text.h"
#include "recording/chunk_file.h"
#include "recording/chunk_format.h"
#include "recording/chunk_scanner.h"
#include "recording/read_ahead.h"
#include "recording/varint.h"

namespace gorotrace {
namespace {

Result<ReadAhead> open_file(const std::string& path, const std::string& name) {
  if (path == "-")
    return fail(ErrorKind::kUsage,
                "- names no file to read: give /dev/stdin, or ./- for a file of that name");
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return fail_errno(errno, fmt::format("cannot open {}", name));
  return ReadAhead(std::move(fd));
}

bool begins_with_magic(Bytes there) {
  const std::size_t compared = std::min(there.size(), kMagic.size());
  return std::ranges::equal(there.first(compared), Bytes(kMagic).first(compared));
}

// The message in front, which is taken off; nullopt: none stands there.
std::optional<std::string_view> take_message(Bytes& plain) {
  std::uint64_t size = 0;
  if (!take_varint(plain, size) || size > plain.size()) return std::nullopt;
  const Bytes message = plain.first(size);
  plain = plain.subspan(size);
  return as_text(message);
}

bool is_messages(Bytes plain) {
  while (!plain.empty()) {
    if (!take_message(plain)) return false;
  }
  return true;
}

// Leaves the file behind its header. True: the header is damaged, and taken for one of this version.
Result<bool> pass_header(ReadAhead& file, const std::string& name) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::kFailed, fmt::format("{}: {}", name, why));
  };
  const auto filled = file.fill(FileHeader::kBytes);
  if (!filled) return wrap(filled.error(), name);
  const Bytes there = file.ahead();
  if (there.empty()) return refuse("it is empty, and no capture file");
  if (!begins_with_magic(there)) {
    if (as_text(slice(there, 1, 3)) == "GTR")
      return refuse("a capture file that was copied as text: copy it again, as binary");
    return refuse("not a capture file of gorotrace");
  }
  if (there.size() < FileHeader::kBytes) return refuse("it is cut within its header: nothing is in it");

  const auto header = file_header(there.first(FileHeader::kBytes));
  file.pass(FileHeader::kBytes);
  if (!header) return true;
  if (header->major > kFileVersion) {
    return fail(
        ErrorKind::kUnsupported,
        fmt::format("{}: version {}.{} of the file format; this gorotrace reads version {}: a newer one "
                    "is needed",
                    name, header->major, header->minor, kFileVersion));
  }
  if (header->major == 0 || header->size < FileHeader::kBytes || header->size > FileHeader::kMostBytes)
    return refuse("its header says what none does");
  const std::size_t more = header->size - FileHeader::kBytes;
  const auto all = file.fill(more);
  if (!all) return wrap(all.error(), name);
  file.pass(std::min(more, *all));
  return false;
}

}  // namespace

class ChunkFileReader::Impl {
 public:
  Impl(std::string name, ReadAhead file, bool header_damaged)
      : name_(std::move(name)), scanner_(std::move(file)) {
    if (header_damaged) damage_.bytes = FileHeader::kBytes;
  }

  Status read(const Handler& handler);
  [[nodiscard]] const FileDamage& damage() const { return damage_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  Status take(const ChunkScanner::Chunk& chunk, const Handler& handler);
  void lose(const ChunkScanner::Chunk& chunk);
  [[nodiscard]] Status end(const Handler& handler);

  std::string name_;
  ChunkScanner scanner_;
  FileDamage damage_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t next_ = 0;     // the number of the next chunk, if none is missing
  bool needs_segment_ = true;  // what comes before one begins is of no use
  bool gap_ = false;           // of which the handler has not been told
  bool ended_ = false;         // the last chunk was read
};

Status ChunkFileReader::Impl::read(const Handler& handler) {
  while (!ended_) {
    const auto chunk = scanner_.next();
    if (!chunk) return wrap(chunk.error(), name_);
    damage_.bytes += scanner_.skipped();
    if (!*chunk) break;
    if (const Status taken = take(**chunk, handler); !taken) return taken;
  }
  return end(handler);
}

Status ChunkFileReader::Impl::take(const ChunkScanner::Chunk& chunk, const Handler& handler) {
  const ChunkHeader& header = chunk.header;
  if (header.sequence < next_) {  // stands here again, or is another file's: its time is over
    lose(chunk);
    return {};
  }
  if (header.sequence > next_) {
    damage_.chunks += header.sequence - next_;
    needs_segment_ = gap_ = true;
  }
  next_ = header.sequence + std::uint64_t{1};
  bytes_read_ += chunk.bytes;
  ended_ = header.kind == static_cast<std::uint8_t>(ChunkKind::kEnd);
  if (header.kind != static_cast<std::uint8_t>(ChunkKind::kMessages)) return {};

  const bool begins = (header.flags & ChunkHeader::kBeginsSegment) != 0;
  if ((needs_segment_ && !begins) || !is_messages(chunk.plain)) {
    needs_segment_ = gap_ = true;
    lose(chunk);
    return {};
  }
  if (begins) {
    needs_segment_ = false;
    if (std::exchange(gap_, false)) handler.gap();
    handler.segment();
  }
  for (Bytes plain = chunk.plain; const auto message = take_message(plain);) {
    if (Status taken = handler.message(*message); !taken) return taken;
  }
  return {};
}

void ChunkFileReader::Impl::lose(const ChunkScanner::Chunk& chunk) {
  ++damage_.chunks;
  damage_.bytes += chunk.bytes;
}

Status ChunkFileReader::Impl::end(const Handler& handler) {
  damage_.whole_to = scanner_.offset() - (ended_ ? 0 : scanner_.skipped());
  if (ended_) {
    const auto another = scanner_.behind(kMagic.size());
    if (!another) return wrap(another.error(), name_);
    damage_.another = another->size() == kMagic.size() && begins_with_magic(*another);
    damage_.bytes += scanner_.rest();
  } else {
    damage_.cut = true;
    damage_.cut_bytes = scanner_.skipped();
    if (scanner_.skipped() > 0) {
      damage_.chunks += std::max<std::uint64_t>(scanner_.failed(), 1);
      damage_.cut_chunks = 1;
      gap_ = true;
    }
  }
  if (std::exchange(gap_, false)) handler.gap();
  return {};
}

Result<bool> is_capture_file(const std::string& path) {
  const std::string name = printable(path);
  auto file = open_file(path, name);
  if (!file) return std::unexpected(file.error());
  const auto filled = file->fill(kMagic.size());
  if (!filled) return wrap(filled.error(), name);
  return *filled != 0 && begins_with_magic(file->ahead());
}

ChunkFileReader::ChunkFileReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChunkFileReader::~ChunkFileReader() = default;

Result<std::unique_ptr<ChunkFileReader>> ChunkFileReader::open(const std::string& path) {
  const std::string name = printable(path);
  auto file = open_file(path, name);
  if (!file) return std::unexpected(file.error());
  const auto damaged = pass_header(*file, name);
  if (!damaged) return std::unexpected(damaged.error());
  return std::unique_ptr<ChunkFileReader>(
      new ChunkFileReader(std::make_unique<Impl>(name, std::move(*file), *damaged)));
}

Status ChunkFileReader::read(const Handler& handler) {
  return impl_->read(handler);
}
const FileDamage& ChunkFileReader::damage() const {
  return impl_->damage();
}
std::uint64_t ChunkFileReader::bytes_read() const {
  return impl_->bytes_read();
}

}  // namespace gorotrace
