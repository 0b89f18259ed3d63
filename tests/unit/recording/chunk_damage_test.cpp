// Files that were cut, damaged, or made to hurt.
#include <gmock/gmock.h>
#include <zstd.h>

#include <chrono>
#include <cstring>

#include "capture_file.h"

namespace gorotrace {
namespace {

using namespace testing;
using ::testing::ElementsAre;

// What a reader must tell of a file in which these chunks (of Made, the last is the end) cannot be read.
Read expected(const Made& made, const std::vector<bool>& bad) {
  Read out;
  bool skipping = false, gap = false;
  for (std::size_t i = 0; i + 1 < made.chunks.size(); ++i) {
    const Chunk& chunk = made.chunks[i];
    if (chunk.begins_segment && !bad[i]) {
      if (std::exchange(gap, false)) out.told.emplace_back("-");
      skipping = false;
      out.told.emplace_back("<");
    }
    skipping = skipping || bad[i];
    if (skipping) {
      gap = true;
      ++out.damage.chunks;
      out.damage.bytes += chunk.end - chunk.begin;
    } else {
      out.told.insert(out.told.end(), chunk.messages.begin(), chunk.messages.end());
    }
  }
  if (bad.back()) {
    out.damage.cut = gap = true;
    ++out.damage.chunks;
    out.damage.bytes += made.chunks.back().end - made.chunks.back().begin;
  }
  if (gap) out.told.emplace_back("-");
  return out;
}

void expect_same(const Result<Read>& read, const Read& expected, const std::string& what) {
  ASSERT_TRUE(read) << what;
  EXPECT_EQ(read->told, expected.told) << what;
  EXPECT_EQ(read->damage.cut, expected.damage.cut) << what;
  EXPECT_EQ(read->damage.chunks, expected.damage.chunks) << what;
  EXPECT_EQ(read->damage.bytes, expected.damage.bytes) << what;
}

TEST(ChunkDamage, CutAtEveryByte) {
  const Made made = small_file();
  for (std::size_t size = 0; size < made.bytes.size(); ++size) {
    const auto read = read_bytes(std::string_view(made.bytes).substr(0, size));
    if (size < FileHeader::kBytes) {
      EXPECT_FALSE(read);
      continue;
    }
    ASSERT_TRUE(read);
    std::vector<std::string> told;
    std::size_t whole = FileHeader::kBytes;
    for (const Chunk& chunk : made.chunks) {
      if (chunk.end > size) break;
      whole = chunk.end;
      if (chunk.begins_segment) told.emplace_back("<");
      told.insert(told.end(), chunk.messages.begin(), chunk.messages.end());
    }
    if (size > whole) told.emplace_back("-");
    EXPECT_EQ(read->told, told) << size;
    EXPECT_TRUE(read->damage.cut);
    EXPECT_EQ(read->damage.bytes, size - whole) << size;
    EXPECT_EQ(read->damage.cut_bytes, size - whole) << size;
    EXPECT_EQ(read->damage.whole_to, whole) << size;
    EXPECT_EQ(read->damage.chunks, size > whole ? 1u : 0u) << size;
  }
}

TEST(ChunkDamage, EachByteChangedInTurn) {
  const Made made = small_file();
  for (const int change : {0x01, 0x80, 0xff}) {
    for (std::size_t at = 0; at < made.bytes.size(); ++at) {
      std::string bytes = made.bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      const auto read = read_bytes(bytes);
      if (at < kMagic.size()) {
        EXPECT_FALSE(read);
        continue;
      }
      std::vector<bool> bad;
      for (const Chunk& chunk : made.chunks) bad.push_back(at >= chunk.begin && at < chunk.end);
      Read want = expected(made, bad);
      // A damaged header costs nothing else.
      if (at < FileHeader::kBytes) want.damage.bytes = FileHeader::kBytes;
      expect_same(read, want, std::to_string(at));
    }
  }
}

TEST(ChunkDamage, CostsThePartUpToTheNextSegment) {
  const Made made = small_file();
  std::string bytes = made.bytes;
  bytes[made.chunks[1].end - 1] ^= 1;
  const auto read = read_bytes(bytes);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("<", "a", "bb", "-", "<", "f", "g", "<", "h", "i", "j"));
  EXPECT_FALSE(read->damage.cut);
  EXPECT_EQ(read->damage.chunks, 2u);
  EXPECT_EQ(read->damage.bytes, made.chunks[2].end - made.chunks[1].begin);
  EXPECT_EQ(read->damage.cut_bytes, 0u);
  EXPECT_EQ(read->damage.whole_to, made.bytes.size());
}

TEST(ChunkDamage, EachChunkTakenOut) {
  const Made made = small_file();
  for (std::size_t i = 0; i + 1 < made.chunks.size(); ++i) {
    std::vector<bool> bad(made.chunks.size());
    bad[i] = true;
    Read want = expected(made, bad);
    const std::size_t size = made.chunks[i].end - made.chunks[i].begin;
    want.damage.bytes -= size;  // which are not there
    expect_same(read_bytes(std::string(made.bytes).erase(made.chunks[i].begin, size)), want,
                std::to_string(i));
  }
}

TEST(ChunkDamage, SomeBytesOfEachChunkTakenOut) {
  const Made made = small_file();
  for (std::size_t i = 0; i < made.chunks.size(); ++i) {
    std::vector<bool> bad(made.chunks.size());
    bad[i] = true;
    for (std::size_t kept = 1; kept < made.chunks[i].end - made.chunks[i].begin; ++kept) {
      Read want = expected(made, bad);
      const std::size_t size = made.chunks[i].end - made.chunks[i].begin - kept;
      want.damage.bytes -= size;
      // As a write that stopped short and could not be taken back, and another chunk behind it.
      expect_same(read_bytes(std::string(made.bytes).erase(made.chunks[i].begin + kept, size)), want,
                  std::to_string(i) + " " + std::to_string(kept));
    }
  }
}

TEST(ChunkDamage, WhatIsNoChunkIsPassedOver) {
  const Made made = small_file();
  const Read whole = *read_bytes(made.bytes);
  for (const std::string& garbage :
       {std::string("x"), std::string(as_text(kChunkSync)), std::string(100'000, '\xc7'),
        std::string(as_text(kChunkSync)) + std::string(60, 'G')}) {
    for (std::size_t i = 0; i < made.chunks.size(); ++i) {
      const auto read = read_bytes(std::string(made.bytes).insert(made.chunks[i].begin, garbage));
      ASSERT_TRUE(read);
      EXPECT_EQ(read->told, whole.told);
      EXPECT_FALSE(read->damage.cut);
      EXPECT_EQ(read->damage.chunks, 0u);
      EXPECT_EQ(read->damage.bytes, garbage.size());
    }
    const auto read = read_bytes(made.bytes + garbage);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->told, whole.told);
    EXPECT_EQ(read->damage.bytes, garbage.size());
  }
}

// The reader looks at pieces of 256 KiB.
TEST(ChunkDamage, AChunkIsFoundAcrossTheEndOfAPiece) {
  const Made made = small_file();
  for (std::size_t before = 0; before < 40; ++before) {
    const std::string garbage((256u << 10) - before - made.chunks[0].begin, 'x');
    const auto read = read_bytes(std::string(made.bytes).insert(made.chunks[0].begin, garbage));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->told, read_bytes(made.bytes)->told) << before;
    EXPECT_EQ(read->damage.bytes, garbage.size());
  }
}

TEST(ChunkDamage, AChunkThatStandsTwiceIsReadOnce) {
  const Made made = small_file();
  for (const Chunk& chunk : made.chunks) {
    const std::string copy = made.bytes.substr(chunk.begin, chunk.end - chunk.begin);
    const auto read = read_bytes(std::string(made.bytes).insert(chunk.end, copy));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->told, read_bytes(made.bytes)->told);
    EXPECT_TRUE(read->damage.any());
  }
}

TEST(ChunkDamage, ASecondFileBehindIsNotReadAsTheFirst) {
  const Made made = small_file();
  // Behind one that ended, and one that did not.
  auto read = read_bytes(made.bytes + made.bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->told, read_bytes(made.bytes)->told);
  EXPECT_EQ(read->damage.bytes, made.bytes.size());
  EXPECT_TRUE(read->damage.another);
  EXPECT_FALSE(read_bytes(made.bytes + "\x89GTR of no file")->damage.another);
  read = read_bytes(made.bytes.substr(0, made.chunks[6].end) + made.bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->told, read_bytes(made.bytes)->told);
  EXPECT_FALSE(read->damage.cut);
  EXPECT_EQ(read->damage.chunks, 7u);
}

TEST(ChunkDamage, WithoutASegmentNothingIsRead) {
  const Made made = small_file();
  const std::size_t first = made.chunks[0].begin;
  const auto read = read_bytes(std::string(made.bytes).erase(first, made.chunks[5].end - first));
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("-"));
  EXPECT_FALSE(read->damage.cut);
  EXPECT_EQ(read->damage.chunks, 7u);
}

// --- Sound checksums around what no writer makes ---------------------------------------------------------

std::string bytes_of(ChunkHeader header, std::string_view stored) {
  header.checksum = checksum({reinterpret_cast<const std::uint8_t*>(stored.data()), stored.size()});
  return std::string(as_text(to_bytes(header))) + std::string(stored);
}
ChunkHeader messages_header(std::uint32_t sequence, std::string_view stored, std::size_t plain) {
  return {.kind = static_cast<std::uint8_t>(ChunkKind::kMessages),
          .flags = ChunkHeader::kBeginsSegment,
          .sequence = sequence,
          .stored_bytes = static_cast<std::uint32_t>(stored.size()),
          .plain_bytes = static_cast<std::uint32_t>(plain)};
}
std::string compressed(std::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 1));
  return out;
}
std::string end_chunk(std::uint32_t sequence) {
  return bytes_of({.kind = static_cast<std::uint8_t>(ChunkKind::kEnd), .sequence = sequence}, {});
}
std::string file_header() {
  return std::string(as_text(to_bytes(FileHeader{.major = kFileVersion})));
}

TEST(ChunkDamage, KindsOfLaterMinorVersionsArePassedOver) {
  const std::string stored = compressed("\1a");
  const auto read =
      read_bytes(file_header() + bytes_of(messages_header(0, stored, 2), stored) +
                 bytes_of({.kind = 77, .flags = 0xff, .sequence = 1, .stored_bytes = 5}, "later") +
                 bytes_of(messages_header(2, stored, 2), stored) + end_chunk(3));
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("<", "a", "<", "a"));
  EXPECT_FALSE(read->damage.any());
}

TEST(ChunkDamage, ChunksThatDoNotHoldWhatTheySay) {
  const std::string good = compressed("\1a");
  std::string no_size = good;
  no_size[4] = 0;  // a frame that does not say its size: of a stream
  const std::vector<std::pair<std::string, std::size_t>> lies = {
      {good, 1},                                                         // less than it has
      {good, 3},                                                         // more
      {good, ChunkFileReader::kMaxChunkBytes},                           // far more
      {good, 0xffffffff},                                                //
      {"", 2},                                                           // nothing
      {"not compressed", 14},                                            //
      {no_size, 2},                                                      //
      {good + good, 4},                                                  // two
      {compressed("\2a"), 2},                                            // a message that goes beyond
      {compressed("\1a\x80"), 3},                                        // a size that is cut
      {compressed(std::string(9, '\xff') + "\1a"), 11},                  // and far too large
      {compressed(std::string(ChunkFileReader::kMaxChunkBytes + 1, 0)),  // too large
       ChunkFileReader::kMaxChunkBytes + 1},
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    const auto& [stored, plain] = lies[i];
    const std::string bad = bytes_of(messages_header(1, stored, plain), stored);
    const auto read = read_bytes(file_header() + bytes_of(messages_header(0, good, 2), good) + bad +
                                 bytes_of(messages_header(2, good, 2), good) + end_chunk(3));
    ASSERT_TRUE(read) << i;
    EXPECT_THAT(read->told, ElementsAre("<", "a", "-", "<", "a")) << i;
    EXPECT_FALSE(read->damage.cut) << i;
    EXPECT_EQ(read->damage.chunks, 1u) << i;
    EXPECT_EQ(read->damage.bytes, bad.size()) << i;
  }
}

TEST(ChunkDamage, AHeaderThatClaimsMoreThanThereIs) {
  const std::string good = compressed("\1a");
  for (const std::uint32_t claim : {100u, 1u << 20, 8u << 20, 0xffffffffu}) {
    ChunkHeader header = messages_header(1, good, 2);
    header.stored_bytes = claim;
    const auto read =
        read_bytes(file_header() + bytes_of(messages_header(0, good, 2), good) + bytes_of(header, "x") +
                   bytes_of(messages_header(2, good, 2), good) + end_chunk(3));
    ASSERT_TRUE(read);
    EXPECT_THAT(read->told, ElementsAre("<", "a", "-", "<", "a")) << claim;
    EXPECT_FALSE(read->damage.cut);
  }
}

// 16 MB of headers, each of which claims the 8 MB that follow: without a limit 2.5 TB to hold against
// checksums.
TEST(ChunkDamage, ClaimsThatOverlapTakeLittleTime) {
  ChunkHeader header = messages_header(1, "", 100);
  header.stored_bytes = 8u << 20;
  const std::string one = bytes_of(header, "x").substr(0, ChunkHeader::kBytes);
  std::string bytes = file_header();
  for (int i = 0; i < 600'000; ++i) bytes += one;
  const auto start = std::chrono::steady_clock::now();
  const auto read = read_bytes(bytes);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("-"));
  EXPECT_TRUE(read->damage.cut);
  EXPECT_EQ(read->damage.bytes, bytes.size() - FileHeader::kBytes);
}

TEST(ChunkDamage, ANumberFarAheadIsSoManyChunks) {
  const std::string good = compressed("\1a");
  const auto read = read_bytes(file_header() + bytes_of(messages_header(0xffffffff, good, 2), good) +
                               bytes_of(messages_header(0, good, 2), good));
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("-", "<", "a"));
  EXPECT_TRUE(read->damage.cut);
  EXPECT_EQ(read->damage.chunks, (std::uint64_t{1} << 32));
}

}  // namespace
}  // namespace gorotrace
