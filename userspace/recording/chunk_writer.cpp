#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <zstd.h>

#include <cerrno>
#include <string>

#include "recording/chunk_file.h"
#include "recording/chunk_format.h"
#include "recording/varint.h"

namespace gorotrace {
namespace {

// Level 3 makes files 1 % smaller and takes half as long again, columns included (tests/bench/recording).
constexpr int kCompressionLevel = 1;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

}  // namespace

struct ChunkFileWriter::Impl {
  UniqueFd file;
  bool can_cut = false;  // a regular file: what was written of a chunk can be taken back
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;
  std::string plain, stored;  // stored: with the header in front
  std::uint32_t sequence = 0;
  bool begins_segment = true;  // the next chunk does
  std::uint64_t bytes_written = 0;

  Status write(std::string_view bytes);
  void take_back(std::size_t bytes) const;
  Status write_chunk(ChunkKind kind);
};

// All of them, or none as far as that can be done.
Status ChunkFileWriter::Impl::write(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int err = n < 0 ? errno : ENOSPC;
      take_back(done);
      return fail_errno(err, "cannot write to the capture file");
    }
    done += static_cast<std::size_t>(n);
  }
  bytes_written += bytes.size();
  return {};
}

// Where it fails a reader finds the next chunk all the same.
void ChunkFileWriter::Impl::take_back(std::size_t bytes) const {
  if (!can_cut || bytes == 0) return;
  const off_t now = ::lseek(file.get(), 0, SEEK_CUR);
  const off_t before = now - static_cast<off_t>(bytes);
  if (now < 0 || before < 0 || ::ftruncate(file.get(), before) != 0) return;
  ::lseek(file.get(), before, SEEK_SET);
}

Status ChunkFileWriter::Impl::write_chunk(ChunkKind kind) {
  // A chunk that does not come to the file has its number, too: that tells a reader that it is missing.
  ChunkHeader header{.kind = static_cast<std::uint8_t>(kind), .sequence = sequence++};
  if (kind == ChunkKind::kMessages && std::exchange(begins_segment, false))
    header.flags = ChunkHeader::kBeginsSegment;
  stored.resize(ChunkHeader::kBytes + ZSTD_compressBound(plain.size()));
  std::size_t size = 0;
  if (!plain.empty()) {
    size =
        ZSTD_compressCCtx(compressor.get(), stored.data() + ChunkHeader::kBytes,
                          stored.size() - ChunkHeader::kBytes, plain.data(), plain.size(), kCompressionLevel);
  }
  header.plain_bytes = static_cast<std::uint32_t>(plain.size());
  plain.clear();
  if (ZSTD_isError(size) != 0)
    return fail(ErrorKind::kFailed, fmt::format("cannot compress: {}", ZSTD_getErrorName(size)));
  stored.resize(ChunkHeader::kBytes + size);
  header.stored_bytes = static_cast<std::uint32_t>(size);
  header.checksum =
      checksum({reinterpret_cast<const std::uint8_t*>(stored.data()) + ChunkHeader::kBytes, size});
  const auto bytes = to_bytes(header);
  std::memcpy(stored.data(), bytes.data(), bytes.size());
  return write(stored);
}

ChunkFileWriter::ChunkFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChunkFileWriter::~ChunkFileWriter() = default;

Result<std::unique_ptr<ChunkFileWriter>> ChunkFileWriter::make(UniqueFd file) {
  auto impl = std::make_unique<Impl>();
  struct stat status{};
  impl->can_cut = ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  impl->file = std::move(file);
  impl->compressor.reset(ZSTD_createCCtx());
  if (!impl->compressor) return fail(ErrorKind::kFailed, "zstd cannot start to compress");
  const auto header = to_bytes(FileHeader{.major = kFileVersion, .minor = kFileMinorVersion});
  if (const Status written = impl->write(as_text(header)); !written) return std::unexpected(written.error());
  return std::unique_ptr<ChunkFileWriter>(new ChunkFileWriter(std::move(impl)));
}

Status ChunkFileWriter::add(std::string_view message) {
  if (message.size() > kMaxMessageBytes)
    return fail(ErrorKind::kFailed, fmt::format("a message of {} bytes is too large", message.size()));
  append_varint(impl_->plain, message.size());
  impl_->plain += message;
  if (impl_->plain.size() < kChunkBytes) return {};
  return flush();
}

Status ChunkFileWriter::begin_segment() {
  const Status flushed = flush();
  impl_->begins_segment = true;
  return flushed;
}

Status ChunkFileWriter::flush() {
  if (impl_->plain.empty()) return {};
  return impl_->write_chunk(ChunkKind::kMessages);
}

Status ChunkFileWriter::finish() {
  const Status flushed = flush();
  // Also where that failed: the last chunk's number says what is missing.
  const Status ended = impl_->write_chunk(ChunkKind::kEnd);
  return flushed ? ended : flushed;
}

std::uint64_t ChunkFileWriter::bytes_written() const {
  return impl_->bytes_written;
}

}  // namespace gorotrace
