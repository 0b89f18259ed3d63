// Files of which a process has code: against this process, whose loader knows where it put them, and made up.
#include "process/code_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <map>

namespace gorotrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Mapping mapping(std::uint64_t start, std::uint64_t size, std::uint64_t offset, std::uint64_t inode,
                std::string path, bool executable = true) {
  Mapping m{};
  m.start = start;
  m.end = start + size;
  m.file_offset = offset;
  m.executable = executable;
  m.inode = inode;
  m.path = std::move(path);
  return m;
}

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

TEST(SharedLibraries, AreFilesWithCodeThatAreNotTheExecutable) {
  const auto found = shared_libraries(
      {mapping(0x1000, 0x1000, 0, 1, "/bin/host"), mapping(0x3000, 0x1000, 0, 2, "/lib/a.so", false),
       mapping(0x4000, 0x1000, 0x1000, 2, "/lib/a.so"), mapping(0x6000, 0x1000, 0, 0, "[vdso]"),
       mapping(0x7000, 0x1000, 0, 0, ""), mapping(0x8000, 0x1000, 0x2000, 2, "/lib/a.so"),
       mapping(0x9000, 0x1000, 0, 3, "/lib/a.so"), mapping(0xa000, 0x1000, 0, 4, "/lib/b.so (deleted)"),
       mapping(0xc000, 0x1000, 0, 5, "/bin/host (deleted)")},
      "/bin/host");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].path, "/lib/a.so");
  EXPECT_EQ(found[0].code.size(), 2u);
  EXPECT_EQ(found[1].path, "/lib/a.so") << "another file of that name";
  EXPECT_EQ(found[1].code.front().inode, 3u);
  EXPECT_EQ(found[2].path, "/lib/b.so");
}

constexpr ElfImage::Segment kData{
    .vaddr = 0x0, .offset = 0x0, .filesz = 0x900, .memsz = 0x900, .writable = false, .executable = false};
constexpr ElfImage::Segment kText{.vaddr = 0x11900,
                                  .offset = 0x1900,
                                  .filesz = 0x3000,
                                  .memsz = 0x3000,
                                  .writable = false,
                                  .executable = true};

TEST(LoadBiases, OneForAFileThatWasLoadedOnce) {
  const std::vector segments{kData, kText};
  // Pages of 4 and of 64 kB; one that mprotect split.
  EXPECT_THAT(load_biases(segments, std::vector{mapping(0x7f0000011000, 0x4000, 0x1000, 1, "/l")}),
              ElementsAre(0x7f0000000000));
  EXPECT_THAT(load_biases(segments, std::vector{mapping(0x7f0000010000, 0x10000, 0, 1, "/l")}),
              ElementsAre(0x7f0000000000));
  EXPECT_THAT(load_biases(segments, std::vector{mapping(0x7f0000011000, 0x1000, 0x1000, 1, "/l"),
                                                mapping(0x7f0000012000, 0x3000, 0x2000, 1, "/l")}),
              ElementsAre(0x7f0000000000));
  EXPECT_THAT(load_biases(segments, std::vector{mapping(0x7f0000011000, 0x4000, 0x1000, 1, "/l"),
                                                mapping(0x7f0000911000, 0x4000, 0x1000, 1, "/l")}),
              ElementsAre(0x7f0000000000, 0x7f0000900000));
  EXPECT_THAT(load_biases(segments, std::vector{mapping(0x7f0000911000, 0x4000, 0x9000, 1, "/l")}),
              ElementsAre());
}

TEST(CodeFile, LiesWhereTheLoaderPutIt) {
  std::map<std::string, std::uint64_t> loaded;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        if (*info->dlpi_name != '\0')
          (*static_cast<std::map<std::string, std::uint64_t>*>(to))[info->dlpi_name] = info->dlpi_addr;
        return 0;
      },
      &loaded);
  const auto self = Process::open(::getpid());
  ASSERT_TRUE(self) << self.error().message;
  const auto mappings = (*self)->mappings();
  ASSERT_TRUE(mappings);
  std::size_t compared = 0;
  for (SharedLibrary& library : shared_libraries(*mappings, (*self)->executable())) {
    const auto file = CodeFile::library_of(**self, std::move(library));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_FALSE(file->is_executable());
    const auto image = ElfImage::open(file->open_path());
    ASSERT_TRUE(image) << image.error().message;
    for (const auto& [path, address] : loaded) {
      if (last_part(path) != last_part(file->path())) continue;
      const auto bias = file->load_bias(**image);
      ASSERT_TRUE(bias) << bias.error().message;
      EXPECT_EQ(*bias, address) << path;
      ++compared;
    }
  }
  EXPECT_GE(compared, 1u) << "the C library at least";
  const CodeFile executable = CodeFile::executable_of(**self);
  const auto image = ElfImage::open(executable.open_path());
  ASSERT_TRUE(image);
  EXPECT_TRUE(executable.is_executable());
  EXPECT_EQ(executable.path(), (*self)->executable());
  const auto bias = executable.load_bias(**image);
  ASSERT_TRUE(bias);
  EXPECT_EQ(*bias, (*image)->position_independent() ? ::_r_debug.r_map->l_addr : 0);
}

TEST(CodeFile, WhatIsNoFileIsNotOpened) {
  const auto self = Process::open(::getpid());
  ASSERT_TRUE(self);
  const auto device =
      CodeFile::library_of(**self, {"/dev/null", {mapping(0x1000, 0x1000, 0, 1, "/dev/null")}});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::kUnsupported);
  const auto other = CodeFile::library_of(**self, {"/bin/sh", {mapping(0x1000, 0x1000, 0, 1, "/bin/sh")}});
  ASSERT_FALSE(other) << "an inode of another number";
  EXPECT_THAT(other.error().message, HasSubstr("/bin/sh"));
}

}  // namespace
}  // namespace gorotrace
