#include "elf/file_window.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gorotrace {
namespace {

using ::testing::HasSubstr;
using View = FileWindow::View;

// A file whose byte at i is i / 251, written an hour ago: a write then has another mtime for certain.
class File {
 public:
  explicit File(std::size_t size) {
    std::string pattern = "/tmp/gorotrace_window_XXXXXX";
    ::close(::mkstemp(pattern.data()));
    path_ = pattern;
    write(0, std::string(size, '\0'), byte_at);
    age();
  }
  ~File() { std::remove(path_.c_str()); }

  static std::uint8_t byte_at(std::uint64_t i) { return static_cast<std::uint8_t>(i % 251); }
  [[nodiscard]] const std::string& path() const { return path_; }

  void write(std::uint64_t at, std::string bytes, std::uint8_t (*make)(std::uint64_t) = nullptr) const {
    if (make != nullptr) {
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(make(at + i));
    }
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
    ASSERT_TRUE(file.flush());
  }
  void truncate(off_t size) const { ASSERT_EQ(::truncate(path_.c_str(), size), 0); }
  void age() const {
    struct timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_NOW}, {.tv_sec = 0, .tv_nsec = UTIME_NOW}};
    ::clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec -= 3600;
    ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  }

 private:
  std::string path_;
};

std::unique_ptr<FileWindow> open(const File& file) {
  auto window = FileWindow::open(file.path());
  EXPECT_TRUE(window) << window.error().message;
  return window ? std::move(*window) : nullptr;
}

TEST(FileWindow, ReadsWhatTheFileHolds) {
  const std::size_t size = 5 * FileWindow::kPiece + 1000;
  const File file(size);
  const auto window = open(file);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->size(), size);
  const View view(*window);
  for (const auto& [at, length] : {std::pair<std::uint64_t, std::uint64_t>{0, 1},
                                   {FileWindow::kPiece - 3, 7},
                                   {100, 3 * FileWindow::kPiece},
                                   {size - 5, 5},
                                   {0, size}}) {
    const Bytes bytes = view.at(at, length);
    ASSERT_EQ(bytes.size(), length);
    for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(bytes[i], File::byte_at(at + i)) << at + i;
  }
  EXPECT_TRUE(view.at(size - 5, 6).empty());
  EXPECT_TRUE(view.at(size + 1, 0).empty());
  EXPECT_TRUE(view.at(10, std::numeric_limits<std::uint64_t>::max() - 5).empty());
  EXPECT_EQ(view.piece_from(size - 5).size(), 5u);
  EXPECT_EQ(view.piece_from(FileWindow::kPiece - 3).size(), 3u);
  EXPECT_TRUE(view.piece_from(size).empty());
  EXPECT_FALSE(window->fault());
}

TEST(FileWindow, StringsEndAtZeroAtTheirTablesEndOrAtTheMost) {
  const File file(3 * FileWindow::kPiece);
  const auto window = open(file);
  ASSERT_TRUE(window);
  const View view(*window);
  EXPECT_EQ(view.c_string(1, window->size(), 4096).size(), 250u);  // byte 251 is 0
  EXPECT_EQ(view.c_string(1, 100, 4096).size(), 99u);
  EXPECT_EQ(view.c_string(1, window->size(), 7).size(), 7u);
  EXPECT_EQ(view.c_string(251, window->size(), 4096), "");
  EXPECT_EQ(view.c_string(100, 100, 4096), "");
  const std::uint64_t near_the_end = FileWindow::kPiece - 10;  // it goes on in the next piece
  const std::size_t length = 251 - near_the_end % 251;
  EXPECT_EQ(view.c_string(near_the_end, window->size(), 4096).size(), length);
}

// What is truncated away is a SIGBUS for who maps it.
TEST(FileWindow, ACutOffFileIsAnErrorWithAReason) {
  const File file(8 * FileWindow::kPiece);
  const auto window = open(file);
  ASSERT_TRUE(window);
  {
    const View view(*window);
    EXPECT_EQ(view.at(0, 100).size(), 100u);
    file.truncate(FileWindow::kPiece);
    EXPECT_EQ(view.at(0, 100)[99], 99u) << "what was read before is the file that was opened";
    EXPECT_TRUE(view.at(4 * FileWindow::kPiece, 10).empty());
    EXPECT_TRUE(view.piece_from(4 * FileWindow::kPiece).empty());
    EXPECT_EQ(view.c_string(4 * FileWindow::kPiece, window->size(), 100), "");
  }
  ASSERT_TRUE(window->fault());
  EXPECT_THAT(*window->fault(),
              HasSubstr("was changed while it was read: it has 65536 bytes, and had 524288"));
  std::array<std::uint8_t, 8> out{};
  EXPECT_FALSE(window->read(0, out)) << "nothing more is believed, also where there are bytes";
}

TEST(FileWindow, AnOverwrittenFileIsNotMixedWithTheOneBefore) {
  const File file(8 * FileWindow::kPiece);
  const auto window = open(file);
  ASSERT_TRUE(window);
  const View view(*window);
  EXPECT_EQ(view.at(0, 8).size(), 8u);
  file.write(4 * FileWindow::kPiece, "another file");
  EXPECT_TRUE(view.at(4 * FileWindow::kPiece, 12).empty());
  EXPECT_TRUE(view.at(6 * FileWindow::kPiece, 12).empty()) << "nor where nothing was written";
  EXPECT_THAT(window->fault().value_or(""), HasSubstr("was written to"));
}

TEST(FileWindow, AFileThatIsReplacedByRenamingStaysWhatWasOpened) {
  const File file(2 * FileWindow::kPiece), other(100);
  const auto window = open(file);
  ASSERT_TRUE(window);
  ASSERT_EQ(std::rename(other.path().c_str(), file.path().c_str()), 0);
  const View view(*window);
  EXPECT_EQ(view.at(FileWindow::kPiece, 8).size(), 8u);
  EXPECT_FALSE(window->fault());
}

TEST(FileWindow, LooksAgainWhenItIsTold) {
  const File file(100);
  const auto window = open(file);
  ASSERT_TRUE(window);
  window->verify();
  EXPECT_FALSE(window->fault());
  file.truncate(0);
  EXPECT_FALSE(window->fault());
  window->verify();
  EXPECT_TRUE(window->fault());
}

std::size_t pages_in_memory(const std::uint8_t* begin, std::size_t size) {
  std::vector<unsigned char> pages(size / 4096);
  EXPECT_EQ(::mincore(const_cast<std::uint8_t*>(begin), size, pages.data()), 0);
  return static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char p) { return (p & 1) != 0; }));
}

TEST(FileWindow, KeepsLittleBetweenViews) {
  const std::size_t size = 64u << 20;
  const File file(100);
  file.truncate(size);  // sparse
  file.age();
  const auto window = open(file);
  ASSERT_TRUE(window);
  const std::uint8_t* memory = View(*window).at(0, 1).data();
  EXPECT_EQ(pages_in_memory(memory, size), FileWindow::kPiece / 4096);
  {
    const View view(*window);
    EXPECT_EQ(view.at(0, size).size(), size);
    EXPECT_EQ(pages_in_memory(memory, size), size / 4096);
  }
  EXPECT_LE(pages_in_memory(memory, size), FileWindow::kMaxKept / 4096);
  {
    const View view(*window);
    EXPECT_EQ(view.at(10, 80)[0], File::byte_at(10)) << "what was given back is read again";
  }
  {
    const FileWindow::Hold hold(*window);
    EXPECT_EQ(View(*window).at(0, size).size(), size);
    EXPECT_EQ(pages_in_memory(memory, size), size / 4096);
  }
  EXPECT_LE(pages_in_memory(memory, size), FileWindow::kMaxKept / 4096);
}

TEST(FileWindow, MemoryIsBoundedWhateverSizeTheFileClaims) {
  const File file(100);
  file.truncate(static_cast<off_t>(FileWindow::kMaxFile));
  file.age();
  const auto window = open(file);
  ASSERT_TRUE(window);
  {
    const View view(*window);
    EXPECT_TRUE(view.at(0, FileWindow::kMaxHeld + FileWindow::kPiece).empty());
  }
  EXPECT_THAT(window->fault().value_or(""), HasSubstr("in memory at once"));
  file.truncate(static_cast<off_t>(FileWindow::kMaxFile) + 1);
  EXPECT_THAT(FileWindow::open(file.path()).error().message, HasSubstr("at most"));
}

// Under ThreadSanitizer this finds a piece that is given out before it is whole.
TEST(FileWindow, ManyThreadsReadTheSameFile) {
  const std::size_t size = 80 * FileWindow::kPiece;  // more than is kept
  const File file(size);
  const auto window = open(file);
  ASSERT_TRUE(window);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 2000; ++i) {
        const std::uint64_t at = (i * 7919 + t * 104729) * 613 % (size - 100);
        const View view(*window);
        const Bytes bytes = view.at(at, 100);
        if (bytes.size() != 100 || bytes[0] != File::byte_at(at) || bytes[99] != File::byte_at(at + 99))
          ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace gorotrace
