// Writing where there is no room, or nobody who reads.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <random>

#include "capture_file.h"

namespace gorotrace {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// No file of this process can become larger: a write is cut short there, the next one fails (EFBIG).
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

std::string noise(std::size_t bytes) {
  std::mt19937_64 random(1);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// The file as it was when a chunk did not go in, at each byte of it, with and without O_APPEND.
void no_room(int flags) {
  const std::string large = noise(60);
  for (std::size_t room = 0; room < 80; ++room) {
    const MemoryFile file;
    UniqueFd fd(::open(file.path().c_str(), O_RDWR | O_CLOEXEC | flags));
    auto writer = ChunkFileWriter::make(std::move(fd));
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->add("before"));
    ASSERT_TRUE((*writer)->flush());
    const std::string before = file.bytes();
    {
      const FileSizeLimit limit(before.size() + room);
      ASSERT_TRUE((*writer)->add(large));
      const Status flushed = (*writer)->flush();
      ASSERT_FALSE(flushed);
      EXPECT_THAT(flushed.error().message, HasSubstr("File too large"));
      EXPECT_EQ(file.bytes(), before) << room;
      EXPECT_EQ((*writer)->bytes_written(), before.size());
    }
    ASSERT_TRUE((*writer)->add("of no use without it"));
    ASSERT_TRUE((*writer)->begin_segment());
    ASSERT_TRUE((*writer)->add("behind"));
    ASSERT_TRUE((*writer)->finish());
    const auto read = read_path(file.path());
    ASSERT_TRUE(read);
    EXPECT_THAT(read->told, ElementsAre("<", "before", "-", "<", "behind"));
    EXPECT_EQ(read->damage.chunks, 2u);
    EXPECT_FALSE(read->damage.cut);
  }
}

TEST(ChunkFileWriter, TakesBackWhatHasNoRoom) {
  no_room(0);
}
TEST(ChunkFileWriter, TakesBackWhatHasNoRoomWhereItAppends) {
  no_room(O_APPEND);
}

TEST(ChunkFileWriter, AFileThatStaysFullEndsWithWhatWentIn) {
  const MemoryFile file;
  auto writer = ChunkFileWriter::make(file.again());
  ASSERT_TRUE((*writer)->add("before"));
  ASSERT_TRUE((*writer)->flush());
  const FileSizeLimit limit(file.bytes().size());
  ASSERT_TRUE((*writer)->add("lost"));
  EXPECT_FALSE((*writer)->finish());
  const auto read = read_path(file.path());
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("<", "before"));
  EXPECT_TRUE(read->damage.cut);
}

TEST(ChunkFileWriter, WhereTheHeaderHasNoRoomThereIsNoWriter) {
  const auto writer = ChunkFileWriter::make(UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)));
  ASSERT_FALSE(writer);
  EXPECT_THAT(writer.error().message, HasSubstr("No space left"));
}

TEST(ChunkFileWriter, AReaderThatIsGoneIsAnError) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd out(ends[0]);
  auto writer = ChunkFileWriter::make(UniqueFd(ends[1]));
  ASSERT_TRUE(writer);
  out.reset();
  auto* const before = std::signal(SIGPIPE, SIG_IGN);
  ASSERT_TRUE((*writer)->add("a"));
  const Status flushed = (*writer)->flush();
  std::signal(SIGPIPE, before);
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, HasSubstr("Broken pipe"));
}

TEST(ChunkFileWriter, WritesWhereTheFileStands) {
  const MemoryFile file;
  UniqueFd fd(::open(file.path().c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::write(fd.get(), "in front", 8), 8);
  auto writer = ChunkFileWriter::make(std::move(fd));
  ASSERT_TRUE((*writer)->add("a"));
  ASSERT_TRUE((*writer)->finish());
  const auto read = read_bytes(file.bytes().substr(8));
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("<", "a"));
  EXPECT_FALSE(read->damage.any());
}

// A writer that is killed has not called finish().
TEST(ChunkFileWriter, WithoutAnEndTheFileIsCut) {
  const MemoryFile file;
  auto writer = ChunkFileWriter::make(file.again());
  ASSERT_TRUE((*writer)->add("a"));
  ASSERT_TRUE((*writer)->flush());
  ASSERT_TRUE((*writer)->add("not written yet"));
  writer->reset();
  const auto read = read_path(file.path());
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("<", "a"));
  EXPECT_TRUE(read->damage.cut);
  EXPECT_EQ(read->damage.bytes, 0u);
}

}  // namespace
}  // namespace gorotrace
