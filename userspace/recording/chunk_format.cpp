#include "recording/chunk_format.h"

#include <zlib.h>

#include <algorithm>

namespace gorotrace {
namespace {

template <std::size_t kSize>
class Fields {
 public:
  template <typename T>
  void put(T value) {
    std::memcpy(bytes_.data() + at_, &value, sizeof value);
    at_ += sizeof value;
  }
  // What was put, and its checksum.
  [[nodiscard]] std::array<std::uint8_t, kSize> end() {
    put(checksum(Bytes(bytes_).first(at_)));
    return bytes_;
  }

 private:
  std::array<std::uint8_t, kSize> bytes_ = {};
  std::size_t at_ = 0;
};

bool checksum_fits(Bytes header) {
  const std::size_t at = header.size() - sizeof(std::uint32_t);
  return load<std::uint32_t>(header, at) == checksum(header.first(at));
}

}  // namespace

std::array<std::uint8_t, FileHeader::kBytes> to_bytes(const FileHeader& header) {
  Fields<FileHeader::kBytes> fields;
  fields.put(kMagic);
  fields.put(header.major);
  fields.put(header.minor);
  fields.put(header.size);
  return fields.end();
}

std::optional<FileHeader> file_header(Bytes bytes) {
  if (!checksum_fits(bytes)) return std::nullopt;
  return FileHeader{.major = *load<std::uint16_t>(bytes, 8),
                    .minor = *load<std::uint16_t>(bytes, 10),
                    .size = *load<std::uint32_t>(bytes, 12)};
}

std::array<std::uint8_t, ChunkHeader::kBytes> to_bytes(const ChunkHeader& header) {
  Fields<ChunkHeader::kBytes> fields;
  fields.put(kChunkSync);
  fields.put(header.kind);
  fields.put(header.flags);
  fields.put(std::uint16_t{0});  // for later minor versions
  fields.put(header.sequence);
  fields.put(header.stored_bytes);
  fields.put(header.plain_bytes);
  fields.put(header.checksum);
  return fields.end();
}

std::optional<ChunkHeader> chunk_header(Bytes bytes) {
  if (!std::ranges::equal(bytes.first(kChunkSync.size()), kChunkSync) || !checksum_fits(bytes))
    return std::nullopt;
  return ChunkHeader{.kind = bytes[4],
                     .flags = bytes[5],
                     .sequence = *load<std::uint32_t>(bytes, 8),
                     .stored_bytes = *load<std::uint32_t>(bytes, 12),
                     .plain_bytes = *load<std::uint32_t>(bytes, 16),
                     .checksum = *load<std::uint32_t>(bytes, 20)};
}

std::uint32_t checksum(Bytes bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace gorotrace
