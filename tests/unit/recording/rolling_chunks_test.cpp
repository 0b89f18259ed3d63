// The last part of a recording in memory: what goes, what stays, and what a file of it is.
#include "recording/rolling_chunks.h"

#include <map>
#include <random>

#include "capture_file.h"
#include "recording/codec.h"

namespace gorotrace {
namespace {

using testing::MemoryFile;
using testing::read_path;

// A writer in front of chunks in memory, which it owns.
struct Rolling {
  explicit Rolling(const RollingChunks::Bounds& bounds) {
    auto made = std::make_unique<RollingChunks>(bounds);
    chunks = made.get();
    auto begun = ChunkFileWriter::make(std::move(made));
    EXPECT_TRUE(begun);
    writer = std::move(*begun);
  }
  void segment(std::uint64_t from_ns) {
    EXPECT_TRUE(writer->flush());
    chunks->next_segment_from(from_ns, 0);
    EXPECT_TRUE(writer->begin_segment());
  }
  // Compresses to about as much.
  void chunk(const std::string& name, std::size_t bytes = 0) {
    std::string message = name;
    while (message.size() < bytes) message.push_back(static_cast<char>(random()));
    EXPECT_TRUE(writer->add(message));
    EXPECT_TRUE(writer->flush());
  }

  RollingChunks* chunks = nullptr;
  std::unique_ptr<ChunkFileWriter> writer;
  std::mt19937_64 random{1};
};

// The first letters of what a file of it holds, "<" where a segment begins; without what stands in front.
std::string told(const RollingChunks& chunks) {
  const MemoryFile file;
  EXPECT_TRUE(write_kept(chunks.keep(0), {.why = "a test"}, file_destination(file.again())));
  const auto read = read_path(file.path());
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->damage.any());
  std::string out;
  for (std::size_t i = 2; i < read->told.size(); ++i) out += read->told[i].substr(0, 1);
  return out;
}

TEST(RollingChunks, keep_everything_that_is_within_their_bounds) {
  Rolling rolling({.last_ns = 100, .max_bytes = 1 << 20});
  rolling.chunk("a");
  rolling.chunk("b");
  rolling.segment(50);
  rolling.chunk("c");
  rolling.chunks->reached(149);
  const KeptChunks kept = rolling.chunks->keep(7);
  EXPECT_TRUE(kept.from_the_start);
  EXPECT_EQ(kept.dropped_bytes, 0u);
  EXPECT_EQ(kept.to_ns, 149u);
  EXPECT_EQ(kept.records, 7u);
  EXPECT_EQ(told(*rolling.chunks), "<ab<c");
}

TEST(RollingChunks, drop_a_segment_once_the_rest_is_long_enough) {
  Rolling rolling({.last_ns = 100, .max_bytes = 1 << 20});
  rolling.segment(10);
  rolling.chunk("a");
  rolling.segment(50);
  rolling.chunk("b");
  rolling.segment(90);
  rolling.chunk("c");
  rolling.chunks->reached(149);
  EXPECT_EQ(rolling.chunks->from_ns(), 10u);
  rolling.chunks->reached(150);
  EXPECT_EQ(rolling.chunks->from_ns(), 50u);
  EXPECT_EQ(told(*rolling.chunks), "<b<c");
  EXPECT_GT(rolling.chunks->keep(0).dropped_bytes, 0u);
  EXPECT_FALSE(rolling.chunks->keep(0).from_the_start);
  rolling.chunks->reached(1'000'000);
  EXPECT_EQ(told(*rolling.chunks), "<c") << "the last one stays, however long it is";
}

TEST(RollingChunks, drop_whole_segments_once_all_is_too_large) {
  constexpr std::size_t kMost = 100'000;
  Rolling rolling({.last_ns = ~std::uint64_t{0} / 2, .max_bytes = kMost});
  for (int segment = 0; segment < 40; ++segment) {
    rolling.segment(static_cast<std::uint64_t>(segment + 1));
    for (const char* name : {"x", "y", "z"}) {
      rolling.chunk(name, 4000);
      EXPECT_LE(rolling.chunks->bytes(), kMost);
      EXPECT_LE(rolling.chunks->keep(0).bytes, kMost);
    }
  }
  EXPECT_GT(rolling.chunks->bytes(), kMost / 2);
  const std::string rest = told(*rolling.chunks);
  EXPECT_EQ(rest.size() % 4, 0u);
  EXPECT_EQ(rest.substr(0, 4), "<xyz");
  EXPECT_EQ(rolling.chunks->from_ns(), 40 - rest.size() / 4 + 1);
}

// A checkpoint that is larger than all that may be kept.
TEST(RollingChunks, keep_nothing_of_a_segment_that_is_too_large_and_go_on_with_the_next) {
  Rolling rolling({.last_ns = 100, .max_bytes = 50'000});
  rolling.segment(10);
  rolling.chunk("a");
  rolling.segment(20);
  rolling.chunk("b", 60'000);
  rolling.chunk("c");
  EXPECT_EQ(rolling.chunks->bytes(), 0u);
  EXPECT_TRUE(rolling.chunks->keep(0).chunks.empty());
  EXPECT_FALSE(rolling.chunks->keep(0).from_the_start);
  rolling.segment(30);
  rolling.chunk("d");
  EXPECT_EQ(told(*rolling.chunks), "<d");
}

TEST(RollingChunks, what_was_handed_out_stays_as_it_was) {
  Rolling rolling({.last_ns = 100, .max_bytes = 1 << 20});
  rolling.segment(10);
  rolling.chunk("a");
  const KeptChunks kept = rolling.chunks->keep(0);
  for (std::uint64_t at = 100; at < 1000; at += 100) {
    rolling.segment(at);
    rolling.chunk("b");
    rolling.chunks->reached(at);
  }
  ASSERT_EQ(kept.chunks.size(), 1u);
  EXPECT_EQ(kept.from_ns, 10u);
  const MemoryFile file;
  ASSERT_TRUE(write_kept(kept, {}, file_destination(file.again())));
  const auto read = read_path(file.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->told.back(), "a");
}

TEST(RollingChunks, ask_for_another_segment_before_one_is_all_there_is) {
  constexpr std::uint64_t kMost = 800'000;
  for (const std::size_t checkpoint : {1'000u, 100'000u, 300'000u, 600'000u}) {
    Rolling rolling({.last_ns = 100, .max_bytes = kMost});
    std::size_t chunks = 0;
    rolling.segment(10);
    rolling.chunk("a", checkpoint);
    while (!rolling.chunks->segment_is_large(checkpoint)) {
      rolling.chunk("b", 10'000);
      ASSERT_LT(++chunks, 100u) << checkpoint;
    }
    EXPECT_GE(chunks, 4u) << checkpoint;
    EXPECT_GT(rolling.chunks->bytes(), checkpoint);
    EXPECT_LE(rolling.chunks->bytes(), kMost);
  }
}

class Refuses : public ChunkDestination {
 public:
  Status begin(std::string_view) override { return {}; }
  Status put(const ChunkHeader& header, std::string_view) override {
    if (header.sequence < 1) return {};
    return fail(ErrorKind::kFailed, "it is full");
  }
};

TEST(WriteKept, says_what_the_disk_says) {
  Rolling rolling({.last_ns = 100, .max_bytes = 1 << 20});
  rolling.chunk("a");
  const Status written = write_kept(rolling.chunks->keep(0), {}, std::make_unique<Refuses>());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "it is full");
}

}  // namespace
}  // namespace gorotrace
