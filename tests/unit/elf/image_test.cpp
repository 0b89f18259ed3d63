#include "elf/image.h"

#include <elf.h>
#include <gmock/gmock.h>

#include <cstring>
#include <limits>

namespace gorotrace {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kBase = 0x400000, kData = 0x500000, kRela = 0x200, kDynamic = 0x300, kWords = 0x400;

template <typename T>
void put(std::vector<std::uint8_t>& file, std::uint64_t at, const T& value) {
  ASSERT_LE(at + sizeof value, file.size());
  std::memcpy(file.data() + at, &value, sizeof value);
}

Elf64_Phdr load_segment(std::uint32_t flags, std::uint64_t vaddr, std::uint64_t offset, std::uint64_t filesz,
                        std::uint64_t memsz) {
  Elf64_Phdr p{};
  p.p_type = PT_LOAD;
  p.p_flags = flags;
  p.p_vaddr = vaddr;
  p.p_offset = offset;
  p.p_filesz = filesz;
  p.p_memsz = memsz;
  return p;
}

// Text at kBase (file 0..0x400), data at kData (file 0x400..0x500, then 0x100 of zeroes).
std::vector<std::uint8_t> small_executable(std::uint16_t type = ET_EXEC) {
  std::vector<std::uint8_t> file(0x500);
  Elf64_Ehdr e{};
  std::memcpy(e.e_ident, ELFMAG, SELFMAG);
  e.e_ident[EI_CLASS] = ELFCLASS64;
  e.e_ident[EI_DATA] = ELFDATA2LSB;
  e.e_type = type;
  e.e_machine = EM_X86_64;
  e.e_phoff = sizeof e;
  e.e_phentsize = sizeof(Elf64_Phdr);
  e.e_phnum = 3;
  put(file, 0, e);
  put(file, sizeof e, load_segment(PF_R | PF_X, kBase, 0, 0x400, 0x400));
  put(file, sizeof e + sizeof(Elf64_Phdr), load_segment(PF_R | PF_W, kData, kWords, 0x100, 0x200));
  Elf64_Phdr dynamic{};
  dynamic.p_type = PT_DYNAMIC;
  dynamic.p_offset = kDynamic;
  dynamic.p_filesz = 3 * sizeof(Elf64_Dyn);
  put(file, sizeof e + 2 * sizeof(Elf64_Phdr), dynamic);
  return file;
}

std::string refused(std::vector<std::uint8_t> file) {
  const auto image = ElfImage::from_bytes(std::move(file));
  if (image) return "";
  EXPECT_EQ(image.error().kind, ErrorKind::kUnsupported);
  return image.error().message;
}

TEST(ElfImage, SaysWhatAFileIsInstead) {
  EXPECT_THAT(refused({}), HasSubstr("not an ELF file"));
  EXPECT_THAT(refused({'#', '!', '/', 'b', 'i', 'n', '/', 's', 'h', '\n', ' ', ' ', ' ', ' ', ' ', ' '}),
              HasSubstr("not an ELF file"));
  auto file = small_executable();
  file[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(refused(file), HasSubstr("32-bit"));
  file = small_executable();
  file[EI_DATA] = ELFDATA2MSB;
  EXPECT_THAT(refused(file), HasSubstr("big-endian"));
  file = small_executable();
  file[offsetof(Elf64_Ehdr, e_machine)] = EM_RISCV;
  EXPECT_THAT(refused(file), HasSubstr("another machine (RISC-V)"));
  EXPECT_THAT(refused(small_executable(ET_REL)), HasSubstr("object file, not an executable"));
  EXPECT_THAT(refused(small_executable(ET_CORE)), HasSubstr("core dump, not an executable"));
  file = small_executable();
  file.resize(40);
  EXPECT_THAT(refused(file), HasSubstr("cut off"));
}

TEST(ElfImage, PathsThatCannotBeOpened) {
  EXPECT_THAT(ElfImage::open("/nonexistent/file").error().message, HasSubstr("/nonexistent/file"));
  EXPECT_THAT(ElfImage::open("/proc").error().message, HasSubstr("not a regular file"));
}

TEST(ElfImage, BytesStayInsideOneSegmentsFilePart) {
  auto file = small_executable();
  file[kWords] = 0xab;
  const auto image = ElfImage::from_bytes(file);
  ASSERT_TRUE(image);
  EXPECT_EQ((*image)->arch(), Arch::kAmd64);
  EXPECT_FALSE((*image)->position_independent());
  EXPECT_FALSE((*image)->dynamically_linked());
  EXPECT_EQ((*image)->segments().size(), 2u);
  EXPECT_EQ((*image)->bytes_at(kData, 1)[0], 0xab);
  EXPECT_EQ((*image)->bytes_at(kData, 0x100).size(), 0x100u);
  EXPECT_TRUE((*image)->bytes_at(kData, 0x101).empty());
  EXPECT_TRUE((*image)->bytes_at(kData + 0x100, 1).empty()) << "memory without file bytes";
  EXPECT_TRUE((*image)->bytes_at(kBase, std::numeric_limits<std::uint64_t>::max()).empty());
  EXPECT_TRUE((*image)->bytes_from(kBase - 1).empty());
  EXPECT_EQ((*image)->bytes_from(kData + 0xff).size(), 1u);
  EXPECT_EQ((*image)->offset_of(kData + 8), kWords + 8);
  EXPECT_EQ((*image)->offset_of(kData + 0x100), std::nullopt);
  EXPECT_TRUE((*image)->in_writable_segment(kData + 0x1ff)) << "its zeroed part is memory too";
  EXPECT_FALSE((*image)->in_writable_segment(kData + 0x200));
  EXPECT_FALSE((*image)->in_writable_segment(kBase));
  EXPECT_FALSE((*image)->word_at(kData + 0xf9)) << "a word over the end";
}

TEST(ElfImage, WordsOfAPositionIndependentFileAreRelocated) {
  auto file = small_executable(ET_DYN);
  const std::uint64_t target = 0x123456;
  // Out of order on purpose; one of another type, which has no say.
  const Elf64_Rela relocations[] = {
      {kData + 16, ELF64_R_INFO(0, R_X86_64_RELATIVE), static_cast<Elf64_Sxword>(target)},
      {kData, ELF64_R_INFO(0, R_X86_64_RELATIVE), static_cast<Elf64_Sxword>(target)},
      {kData + 8, ELF64_R_INFO(1, R_X86_64_64), 0x77}};
  put(file, kRela, relocations);
  Elf64_Dyn dynamic[3]{};
  dynamic[0].d_tag = DT_RELA;
  dynamic[0].d_un.d_ptr = kBase + kRela;
  dynamic[1].d_tag = DT_RELASZ;
  dynamic[1].d_un.d_val = sizeof relocations;
  put(file, kDynamic, dynamic);
  put(file, kWords + 8, std::uint64_t{0x55});
  const auto image = ElfImage::from_bytes(file);
  ASSERT_TRUE(image);
  EXPECT_EQ((*image)->word_at(kData), target);
  EXPECT_EQ((*image)->word_at(kData + 8), 0x55u);
  EXPECT_EQ((*image)->word_at(kData + 16), target);
  EXPECT_THAT((*image)->words_equal(target, 8), ::testing::ElementsAre(kData, kData + 16));
  EXPECT_EQ((*image)->words_equal(target, 1).size(), 1u);
  EXPECT_THAT((*image)->words_equal(0x55, 8), ::testing::ElementsAre(kData + 8));
  EXPECT_TRUE((*image)->words_equal(0x56, 8).empty());
}

TEST(ElfImage, LyingHeadersAreBounded) {
  auto file = small_executable();
  Elf64_Ehdr e;
  std::memcpy(&e, file.data(), sizeof e);
  e.e_phnum = 0xffff;
  e.e_shoff = file.size() - 8;
  e.e_shnum = 0xffff;
  e.e_shentsize = sizeof(Elf64_Shdr);
  put(file, 0, e);
  put(file, sizeof e, load_segment(PF_R, std::numeric_limits<std::uint64_t>::max() - 8, 0, 0x400, 0x400));
  put(file, sizeof e + sizeof(Elf64_Phdr),
      load_segment(PF_R | PF_W, kData, 0x400, std::numeric_limits<std::uint64_t>::max(), 0));
  const auto image = ElfImage::from_bytes(file);
  ASSERT_TRUE(image);
  EXPECT_TRUE((*image)->bytes_from(std::numeric_limits<std::uint64_t>::max() - 4).empty());
  EXPECT_EQ((*image)->bytes_from(kData).size(), 0x100u) << "the file ends there, whatever the header says";
  EXPECT_FALSE((*image)->section(".text"));
  EXPECT_FALSE((*image)->has_symtab());
  EXPECT_FALSE((*image)->has_dwarf());
  EXPECT_FALSE((*image)->dwarf_member_offset("runtime.g", "goid"));
}

}  // namespace
}  // namespace gorotrace
