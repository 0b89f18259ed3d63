// Which files have a Go runtime that a process which maps them runs.
#include "golang/presence.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "subjects.h"

namespace gorotrace::testing {
namespace {

std::unique_ptr<ElfImage> image_of(const std::string& path) {
  auto image = ElfImage::open(path);
  if (!image) ADD_FAILURE() << image.error().message;
  return image ? std::move(*image) : nullptr;
}

class Linked : public ::testing::TestWithParam<std::string> {};

TEST_P(Linked, ALibraryHasARuntimeOfItsOwnAndAPluginThePrograms) {
  for (const char* stripped : {"", ".stripped"}) {
    const Subject library{GetParam() + "-c-shared" + stripped, ""},
        plugin{GetParam() + "-plugin" + stripped, ""};
    EXPECT_TRUE(has_loaded_runtime(*image_of(library.path()))) << library;
    EXPECT_FALSE(has_loaded_runtime(*image_of(plugin.path()))) << plugin;
    EXPECT_TRUE(has_loaded_runtime(*image_of(Subject{GetParam() + "-cgo-pie" + stripped, ""}.path())))
        << "a program that ld.so was told to start";
    const auto binary = open_subject(library.name);
    ASSERT_TRUE(binary);
    EXPECT_EQ(binary->link_mode(), LinkMode::kCShared) << library;
    EXPECT_NE(binary->globals().allgs, 0u) << library;
    EXPECT_EQ(binary->counters_missing(), "") << library;
  }
}

INSTANTIATE_TEST_SUITE_P(Presence, Linked, ::testing::Values("go1.18", "go1.25", "go" GOROTRACE_NEWEST_MINOR),
                         [](const auto& p) { return "go" + p.param.substr(4); });

TEST(Presence, WhatIsNotGoHasNone) {
  const auto image = image_of("/proc/self/exe");
  ASSERT_TRUE(image);
  EXPECT_FALSE(has_loaded_runtime(*image));
  EXPECT_FALSE(has_go(*image));
  EXPECT_TRUE(has_go(*image_of(Subject{"go" GOROTRACE_NEWEST_MINOR ".stripped", ""}.path())));
}

// -buildmode=shared: the packages of programs that -linkshared links.
TEST(Presence, PackagesForOthersAreNoRuntimeOfALibrary) {
  auto bytes = read_file(Subject{"go" GOROTRACE_NEWEST_MINOR "-c-shared", ""}.path());
  const std::string_view was = ".note.go.buildid", note = ".note.go.abihash";
  const auto at = std::search(bytes.begin(), bytes.end(), was.begin(), was.end());
  ASSERT_NE(at, bytes.end());
  std::ranges::copy(note, at);
  const auto image = ElfImage::from_bytes(bytes);
  ASSERT_TRUE(image);
  EXPECT_FALSE(has_loaded_runtime(**image));
}

}  // namespace
}  // namespace gorotrace::testing
