// The names of a flight recorder's files, and that nobody else's is replaced.
#include "cli/window_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "recording/chunk_file.h"

namespace gorotrace {
namespace {

KeptChunks something() {
  auto made = std::make_unique<RollingChunks>(RollingChunks::Bounds{.last_ns = 1, .max_bytes = 1 << 20});
  RollingChunks& chunks = *made;
  auto writer = ChunkFileWriter::make(std::move(made));
  EXPECT_TRUE(writer && (*writer)->add("a message") && (*writer)->flush());
  return chunks.keep(0);
}

class Windows : public ::testing::Test {
 protected:
  Windows() : folder(std::filesystem::temp_directory_path() / ("windows." + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder);
  }
  ~Windows() override { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder / name).string(); }
  static std::unique_ptr<WindowFiles> files(const std::string& path) {
    auto made = WindowFiles::make(path);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  static void put(const std::string& path) { std::ofstream(path) << "of yesterday"; }

  const std::filesystem::path folder;
};

TEST_F(Windows, are_numbered_on_past_what_is_there) {
  put(at("f.gtr"));
  put(at("f.3.gtr"));
  const auto windows = files(at("f.gtr"));
  EXPECT_EQ(std::filesystem::file_size(at("f.gtr")), 12u) << "until one is written";
  for (const char* name : {"f.gtr", "f.2.gtr", "f.4.gtr"}) {
    const auto path = windows->write(something(), {});
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(*path, at(name));
    EXPECT_TRUE(ChunkFileReader::open(*path)) << "it is whole";
  }
  EXPECT_EQ(std::filesystem::file_size(at("f.3.gtr")), 12u);
  EXPECT_EQ(windows->kept_as(), at("f.gtr.old"));
  EXPECT_EQ(std::filesystem::file_size(at("f.gtr.old")), 12u) << "what the first one took the place of";
}

TEST_F(Windows, of_a_name_without_an_extension_have_the_number_behind_it) {
  const auto windows = files(at("flight"));
  EXPECT_EQ(*windows->write(something(), {}), at("flight"));
  EXPECT_EQ(*windows->write(something(), {}), at("flight.2"));
}

TEST_F(Windows, can_be_written_by_another_thread) {
  const auto windows = files(at("f.gtr"));
  for (const char* name : {"f.gtr", "f.2.gtr"}) {
    std::promise<Result<std::string>> done;
    windows->write_later(something(), {},
                         [&done](Result<std::string> path) { done.set_value(std::move(path)); });
    const auto path = done.get_future().get();
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(*path, at(name));
  }
  EXPECT_EQ(*windows->write(something(), {}), at("f.3.gtr"));
}

TEST_F(Windows, with_nothing_in_them_are_not_written) {
  const auto windows = files(at("f.gtr"));
  EXPECT_FALSE(windows->write({}, {}));
  EXPECT_FALSE(std::filesystem::exists(at("f.gtr")));
  EXPECT_EQ(*windows->write(something(), {}), at("f.gtr")) << "the name is still free";
}

TEST_F(Windows, of_two_recorders_do_not_replace_each_other) {
  const auto one = files(at("f.gtr")), other = files(at("f.gtr"));
  EXPECT_EQ(*one->write(something(), {}), at("f.gtr"));
  EXPECT_EQ(*other->write(something(), {}), at("f.2.gtr")) << "nothing was there as it began";
  EXPECT_EQ(*one->write(something(), {}), at("f.3.gtr"));
  const auto third = files(at("f.gtr"));
  const auto fourth = WindowFiles::make(at("f.gtr"));
  ASSERT_FALSE(fourth) << "the third is going to replace it";
  EXPECT_NE(fourth.error().message.find("another recording"), std::string::npos) << fourth.error().message;
}

TEST_F(Windows, need_a_file_that_can_be_replaced) {
  EXPECT_FALSE(WindowFiles::make(at("no/such/folder.gtr")));
  for (const std::string& path : {std::string("-"), std::string("/dev/null"), folder.string()}) {
    const auto made = WindowFiles::make(path);
    ASSERT_FALSE(made) << path;
    EXPECT_EQ(made.error().kind, ErrorKind::kUsage);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder)) << "asking leaves nothing behind";
}

}  // namespace
}  // namespace gorotrace
