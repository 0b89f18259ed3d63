// Debug information that says what no compiler would.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <future>

#include "golang/offsets.h"
#include "tests/fuzz/elf_file.h"

namespace gorotrace {
namespace {

constexpr std::uint8_t kUnit = 0x11, kStruct = 0x13, kMember = 0x0d, kName = 0x03, kLocation = 0x38;
constexpr std::uint8_t kString = 8, kUdata = 15;

// unit: without its length. other_file: name and build id of what values may stand in.
std::vector<std::uint8_t> file_of(const std::vector<std::uint8_t>& abbrev, const std::string& unit,
                                  const std::vector<std::uint8_t>& other_file = {0}) {
  std::vector<std::uint8_t> info;
  fuzz::put(info, 0, static_cast<std::uint32_t>(unit.size()));
  info.insert(info.end(), unit.begin(), unit.end());
  return fuzz::elf_file({{".debug_abbrev", 0x10000, abbrev},
                         {".debug_info", 0x20000, info},
                         {".gnu_debugaltlink", 0x30000, other_file}});
}

// Version 4, abbreviations at 0, addresses of 8 bytes.
const std::string kVersion4("\4\0\0\0\0\0\x08", 7);

// A unit "runtime" with a struct of this name, whose only member is goid, there.
std::vector<std::uint8_t> file_with_goid_at(std::uint64_t offset) {
  const std::vector<std::uint8_t> abbrev{1, kUnit,   1, kName, kString, 0,         0,  //
                                         2, kStruct, 1, kName, kString, 0,         0,  //
                                         3, kMember, 0, kName, kString, kLocation, kUdata, 0, 0, 0};
  std::string unit = kVersion4 + std::string("\1runtime\0\2runtime.g\0\3goid\0", 26);
  for (; offset > 0x7f; offset >>= 7) unit += static_cast<char>(offset | 0x80);
  unit += static_cast<char>(offset);
  return file_of(abbrev, unit + std::string(2, '\0'));
}

TEST(ForgedDwarf, AnOffsetThatNoStructHasIsNone) {
  for (const std::uint64_t sound : {0u, 152u, 0xfffeu}) {
    const auto image = ElfImage::from_bytes(file_with_goid_at(sound));
    ASSERT_TRUE(image);
    const auto found = offsets_from_dwarf(**image);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->offsets.g_goid, sound);
  }
  for (const std::uint64_t absurd : {std::uint64_t{kAbsent}, std::uint64_t{1} << 40}) {
    const auto image = ElfImage::from_bytes(file_with_goid_at(absurd));
    ASSERT_TRUE(image);
    EXPECT_FALSE(offsets_from_dwarf(**image)) << absurd;
  }
}

// Under AddressSanitizer: nothing behind the section is read.
TEST(ForgedDwarf, ANameWithoutAnEndIsNone) {
  const std::vector<std::uint8_t> abbrev{1, kUnit, 0, kName, kString, 0, 0, 0};
  const auto image = ElfImage::from_bytes(file_of(abbrev, kVersion4 + "\1runtime"));
  ASSERT_TRUE(image);
  EXPECT_FALSE(offsets_from_dwarf(**image));
}

// A unit whose name stands in another file: a FIFO, whose open() ends when somebody writes.
TEST(ForgedDwarf, NoOtherFileIsOpened) {
  char folder[] = "/tmp/forged-dwarf-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string fifo = std::string(folder) + "/other";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  // DW_FORM_GNU_strp_alt
  const std::vector<std::uint8_t> abbrev{1, kUnit, 0, kName, 0xa1, 0x3e, 0, 0, 0};
  const std::string link = fifo + '\0' + std::string(20, 'b');
  const auto image = ElfImage::from_bytes(
      file_of(abbrev, kVersion4 + std::string("\1\0\0\0\0", 5), {link.begin(), link.end()}));
  ASSERT_TRUE(image);
  auto read = std::async(std::launch::async, [&] { return offsets_from_dwarf(**image).has_value(); });
  const bool hangs = read.wait_for(std::chrono::seconds(3)) != std::future_status::ready;
  EXPECT_FALSE(hangs);
  if (const int writer = hangs ? ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK) : -1; writer >= 0)
    ::close(writer);
  EXPECT_FALSE(read.get());
  ::unlink(fifo.c_str());
  ::rmdir(folder);
}

}  // namespace
}  // namespace gorotrace
