#include "base/memory_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace gorotrace {
namespace {

TEST(MemoryFile, IsWhatWasAppended) {
  auto file = MemoryFile::make("test");
  ASSERT_TRUE(file);
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string part(200, static_cast<char>('a' + i % 26));
    file->append(part);
    all += part;
  }
  EXPECT_EQ(file->appended(), all.size());
  const auto bytes = file->map();
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ((*bytes)->view(), all);
}

TEST(MemoryFile, OneWithoutABytesMapsToNothing) {
  auto file = MemoryFile::make("test");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file->map())->view(), "");
}

TEST(MemoryFile, WhatTakesAPathTakesIt) {
  auto file = MemoryFile::make("test");
  ASSERT_TRUE(file);
  std::ofstream(file->path()) << "written by others";
  std::ifstream again(file->path());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(again), {}), "written by others");
  EXPECT_EQ((*file->map())->view(), "written by others");
}

TEST(MemoryFile, ItsBytesOutliveIt) {
  std::shared_ptr<const MappedBytes> bytes;
  {
    auto file = MemoryFile::make("test");
    ASSERT_TRUE(file);
    file->append("kept");
    bytes = *file->map();
  }
  EXPECT_EQ(bytes->view(), "kept");
}

}  // namespace
}  // namespace gorotrace
