// The header of a capture file and that of a chunk, as bytes: README.md, "Header" and "Chunks". Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace gorotrace {

// As PNG's (RFC 2083, 12.12): seven bits, either way of changing line ends, and a file that was typed out on
// DOS all break it.
inline constexpr std::array<std::uint8_t, 8> kMagic = {0x89, 'G', 'T', 'R', '\r', '\n', 0x1a, '\n'};

struct FileHeader {
  static constexpr std::size_t kBytes = 20;
  static constexpr std::uint32_t kMostBytes = 1u << 16;

  std::uint16_t major = 0, minor = 0;
  std::uint32_t size = kBytes;  // with what a later minor version has behind these; at most kMostBytes
};

[[nodiscard]] std::array<std::uint8_t, FileHeader::kBytes> to_bytes(const FileHeader& header);
// Of kBytes that begin with kMagic. nullopt: the checksum does not fit.
[[nodiscard]] std::optional<FileHeader> file_header(Bytes bytes);

// In its first place a byte that is nowhere else in it: where it does not fit, it may begin behind.
inline constexpr std::array<std::uint8_t, 4> kChunkSync = {0xc7, 'G', 'T', 'C'};

enum class ChunkKind : std::uint8_t { kMessages = 1, kEnd = 2 };  // others are of later minor versions

struct ChunkHeader {
  static constexpr std::size_t kBytes = 28;
  static constexpr std::uint8_t kBeginsSegment = 1;

  std::uint8_t kind = 0, flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t stored_bytes = 0;  // that follow
  std::uint32_t plain_bytes = 0;   // of them, once they are no longer compressed
  std::uint32_t checksum = 0;      // of the stored ones
};

[[nodiscard]] std::array<std::uint8_t, ChunkHeader::kBytes> to_bytes(const ChunkHeader& header);
// Of kBytes. nullopt: no header stands there, or it is damaged.
[[nodiscard]] std::optional<ChunkHeader> chunk_header(Bytes bytes);

// CRC-32 as zlib, PNG and Ethernet have it.
[[nodiscard]] std::uint32_t checksum(Bytes bytes);

}  // namespace gorotrace
