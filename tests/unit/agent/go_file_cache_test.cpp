// Each executable is opened once, for all processes that run it, until it is another file.
#include "agent/go_file_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/inspection.h"

namespace gorotrace {
namespace {

class GoFileCacheTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string file(const std::string& name, const std::string& text = "x") {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("gorotrace-files-" + std::to_string(getpid()));
  int opened_ = 0;
  GoFileCache cache_{[this](const std::string& path) {
                       ++opened_;
                       return GoFileFacts{path.ends_with("go"), "", "", ""};
                     },
                     2};
};

TEST_F(GoFileCacheTest, AFileIsOpenedOnceUnderAllItsNames) {
  const std::string go = file("go");
  std::filesystem::create_hard_link(go, directory_ / "link");
  EXPECT_TRUE(cache_.of(go)->is_go);
  EXPECT_TRUE(cache_.of(directory_ / "link")->is_go);
  EXPECT_EQ(opened_, 1);
  EXPECT_EQ(cache_.examined(), 1u);
}

TEST_F(GoFileCacheTest, AFileThatIsWrittenToIsAnotherOne) {
  const std::string go = file("go");
  ASSERT_TRUE(cache_.of(go));
  const auto time = std::filesystem::last_write_time(go);
  file("go", "y");
  std::filesystem::last_write_time(go, time);  // the owner sets it back
  ASSERT_TRUE(cache_.of(go));
  EXPECT_EQ(opened_, 2);
}

TEST_F(GoFileCacheTest, TheLeastUsedIsForgotten) {
  const std::string a = file("a"), b = file("b"), c = file("c");
  for (const std::string& path : {a, b, a, c, a}) ASSERT_TRUE(cache_.of(path));
  EXPECT_EQ(opened_, 3);
  ASSERT_TRUE(cache_.of(b));
  EXPECT_EQ(opened_, 4);
}

TEST_F(GoFileCacheTest, WhatIsNotThere) {
  const auto none = cache_.of(directory_ / "none");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kNoProcess);
  EXPECT_EQ(opened_, 0);
}

TEST_F(GoFileCacheTest, AFileThatBecomesAnotherMeanwhileIsNotKept) {
  GoFileCache cache([this](const std::string& path) {
    ++opened_;
    if (opened_ == 1) {
      std::filesystem::remove(path);
      file("go", "other");
    }
    return GoFileFacts{};
  });
  const std::string go = file("go");
  EXPECT_FALSE(cache.of(go));
  EXPECT_TRUE(cache.of(go));
  EXPECT_EQ(opened_, 2);
}

TEST_F(GoFileCacheTest, WhatIsNoExecutableIsNoGo) {
  EXPECT_FALSE(GoFileCache::examine_file(file("text")).is_go);
  EXPECT_FALSE(GoFileCache::examine_file("/proc/self/exe").is_go);
}

TEST(OptsOut, ByOneVariableAlone) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(opts_out("A=1\0GOROTRACE=off\0B=2\0"sv));
  EXPECT_TRUE(opts_out("GOROTRACE=off"sv));
  EXPECT_FALSE(opts_out("GOROTRACE=on\0"sv));
  EXPECT_FALSE(opts_out("XGOROTRACE=off\0"sv));
  EXPECT_FALSE(opts_out("GOROTRACE=offline\0"sv));
  EXPECT_FALSE(opts_out(""sv));
}

}  // namespace
}  // namespace gorotrace
