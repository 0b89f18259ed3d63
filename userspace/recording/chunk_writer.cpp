#include <fmt/format.h>
#include <zstd.h>

#include <string>
#include <utility>

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
  std::unique_ptr<ChunkDestination> to;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;
  std::string plain, stored;  // stored: with the header in front
  std::uint32_t sequence = 0;
  bool begins_segment = true;  // the next chunk does
  std::uint64_t bytes_written = 0;

  Status put(const ChunkHeader& header);  // in front of what `stored` holds behind it
  Status write_chunk(ChunkKind kind);
};

Status ChunkFileWriter::Impl::put(const ChunkHeader& header) {
  const auto bytes = to_bytes(header);
  std::memcpy(stored.data(), bytes.data(), bytes.size());
  if (auto put = to->put(header, stored); !put) return put;
  bytes_written += stored.size();
  return {};
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
  return put(header);
}

ChunkFileWriter::ChunkFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChunkFileWriter::~ChunkFileWriter() = default;

Result<std::unique_ptr<ChunkFileWriter>> ChunkFileWriter::make(std::unique_ptr<ChunkDestination> to) {
  auto impl = std::make_unique<Impl>();
  impl->to = std::move(to);
  impl->compressor.reset(ZSTD_createCCtx());
  if (!impl->compressor) return fail(ErrorKind::kFailed, "zstd cannot start to compress");
  const auto header = to_bytes(FileHeader{.major = kFileVersion, .minor = kFileMinorVersion});
  if (const Status begun = impl->to->begin(as_text(header)); !begun) return std::unexpected(begun.error());
  impl->bytes_written = header.size();
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

Status ChunkFileWriter::add_chunk(ChunkHeader header, std::string_view stored) {
  if (auto flushed = flush(); !flushed) return flushed;
  header.sequence = impl_->sequence++;
  impl_->stored.assign(ChunkHeader::kBytes, '\0');
  impl_->stored += stored;
  return impl_->put(header);
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
