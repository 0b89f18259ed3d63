// Whole files, and files that are none.
#include "recording/chunk_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <thread>

#include "capture_file.h"

namespace gorotrace {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Error refused(std::string_view bytes) {
  const auto read = read_bytes(bytes);
  EXPECT_FALSE(read) << bytes;
  return read ? Error{} : read.error();
}

TEST(ChunkFile, IsReadAsItWasWritten) {
  const auto read = read_bytes(small_file().bytes);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre("<", "a", "bb", "ccc", "", "e", "<", "f", "g", "<", "h", "i", "j"));
  EXPECT_FALSE(read->damage.any());
}

TEST(ChunkFile, MayHaveNoMessage) {
  const auto read = read_bytes(make_file({}).bytes);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->told, ElementsAre());
  EXPECT_FALSE(read->damage.any());
}

TEST(ChunkFile, OfManyAndLargeMessages) {
  const MemoryFile file;
  auto writer = ChunkFileWriter::make(file.again());
  std::vector<std::string> messages;
  for (std::size_t i = 0; i < 3000; ++i)
    messages.push_back(std::string(i % 700, static_cast<char>('a' + i % 26)));
  messages.push_back(std::string(ChunkFileWriter::kMaxMessageBytes, 'L'));
  messages.emplace_back("last");
  for (const std::string& message : messages) ASSERT_TRUE((*writer)->add(message));
  EXPECT_FALSE((*writer)->add(std::string(ChunkFileWriter::kMaxMessageBytes + 1, 'L')));
  ASSERT_TRUE((*writer)->finish());
  const auto read = read_path(file.path());
  ASSERT_TRUE(read);
  messages.insert(messages.begin(), "<");
  EXPECT_EQ(read->told, messages);
  EXPECT_FALSE(read->damage.any());
}

TEST(ChunkFile, ComesThroughAPipeToo) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  std::thread writing([&, in = UniqueFd(ends[1])]() mutable {
    auto writer = ChunkFileWriter::make(std::move(in));
    for (int i = 0; i < 50'000; ++i) EXPECT_TRUE((*writer)->add(std::to_string(i * 7919)));
    EXPECT_TRUE((*writer)->finish());
  });
  const auto read = read_path("/proc/self/fd/" + std::to_string(out.get()));
  writing.join();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->told.size(), 50'001u);
  EXPECT_FALSE(read->damage.any());
}

TEST(ChunkFile, TheHandlersErrorEndsIt) {
  const MemoryFile file(small_file().bytes);
  auto reader = ChunkFileReader::open(file.path());
  ASSERT_TRUE(reader);
  int told = 0;
  const Status status =
      (*reader)->read({.message = [&](std::string_view) -> Status {
                         return ++told == 3 ? fail(ErrorKind::kUnsupported, "no") : Status();
                       },
                       .segment = [] {},
                       .gap = [] {}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "no");
  EXPECT_EQ(told, 3);
}

TEST(ChunkFile, OtherFilesAreRefused) {
  for (const std::string& bytes : {std::string(), std::string("{\"type\":\"dump\"}"),
                                   std::string("\x7f"
                                               "ELF"),
                                   std::string(1000, '\0'), std::string("\x89PNG\r\n\x1a\n")})
    EXPECT_EQ(refused(bytes).kind, ErrorKind::kFailed);
  EXPECT_THAT(refused("").message, HasSubstr("empty"));
  EXPECT_THAT(refused("hello").message, HasSubstr("not a capture file"));
  const auto missing = ChunkFileReader::open("/nowhere/a\nb.gtr");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, AllOf(HasSubstr("/nowhere/a"), ::testing::Not(HasSubstr("\n"))));
  const auto folder = ChunkFileReader::open("/");
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, HasSubstr("Is a directory"));
}

TEST(ChunkFile, ACopyAsTextIsKnownAsOne) {
  std::string bytes = small_file().bytes;
  for (const auto& [from, to] :
       {std::pair{"\r\n", "\n"}, std::pair{"\r\n", "\r\r\n"}, std::pair{"\x89", "\x09"}}) {
    std::string copy = bytes;
    copy.replace(copy.find(from), std::strlen(from), to);
    EXPECT_THAT(refused(copy).message, HasSubstr("as binary")) << to;
  }
}

std::string with_header(const FileHeader& header, std::string_view more = {}) {
  const auto bytes = to_bytes(header);
  return std::string(as_text(bytes)) + std::string(more) + small_file().bytes.substr(FileHeader::kBytes);
}

TEST(ChunkFile, ANewerVersionIsRefusedWithWhatIsNeeded) {
  const Error error = refused(with_header({.major = 3, .minor = 4}));
  EXPECT_EQ(error.kind, ErrorKind::kUnsupported);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("version 3.4"), HasSubstr("reads version 2"), HasSubstr("newer")));
}

TEST(ChunkFile, ANewerMinorVersionMayHaveALongerHeader) {
  const auto read = read_bytes(with_header({.major = 1, .minor = 9, .size = FileHeader::kBytes + 4}, "more"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->told.size(), 13u);
  EXPECT_FALSE(read->damage.any());
}

TEST(ChunkFile, HeadersThatNobodyWrites) {
  for (const FileHeader header : {FileHeader{.major = 0}, FileHeader{.major = 1, .minor = 0, .size = 19},
                                  FileHeader{.major = 1, .minor = 0, .size = 0},
                                  FileHeader{.major = 1, .minor = 0, .size = 0xffffffff}})
    EXPECT_EQ(refused(with_header(header)).kind, ErrorKind::kFailed);
  // It ends within what its header would be.
  const auto read = read_bytes(with_header({.major = 1, .minor = 9, .size = FileHeader::kMostBytes}));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->told.empty());
  EXPECT_TRUE(read->damage.cut);
}

}  // namespace
}  // namespace gorotrace
