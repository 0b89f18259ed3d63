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
  EXPECT_THAT(refused({}), HasSubstr("is empty"));
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
  EXPECT_EQ((*image)->bytes_after(kBase - 1), 0u);
  EXPECT_EQ((*image)->bytes_after(kData + 0xff), 1u);
  EXPECT_EQ((*image)->bytes_up_to(kData + 0xff, 100).size(), 1u);
  EXPECT_EQ((*image)->bytes_up_to(kData, 100).size(), 100u);
  EXPECT_TRUE((*image)->bytes_up_to(kBase - 1, 100).empty());
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
  EXPECT_EQ((*image)->bytes_after(std::numeric_limits<std::uint64_t>::max() - 4), 0u);
  EXPECT_EQ((*image)->bytes_after(kData), 0x100u) << "the file ends there, whatever the header says";
  EXPECT_FALSE((*image)->section(".text"));
  EXPECT_FALSE((*image)->has_symtab());
  EXPECT_FALSE((*image)->has_dwarf());
  EXPECT_FALSE((*image)->dwarf());
}

TEST(ElfImage, PiecesGoOnceThroughARangeAndOverlap) {
  const std::size_t size = 700'000;
  auto file = small_executable();
  file.resize(kWords + size);
  put(file, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), load_segment(PF_R | PF_W, kData, kWords, size, size));
  for (std::size_t i = 0; i < size; ++i) file[kWords + i] = static_cast<std::uint8_t>(i % 251);
  const auto image = ElfImage::from_bytes(file);
  ASSERT_TRUE(image);
  std::uint64_t next = kData + 8;
  std::size_t seen = 0;
  std::vector<std::size_t> pieces;
  (*image)->each_piece(kData + 8, size, 4, [&](std::uint64_t vaddr, Bytes piece) {
    EXPECT_EQ(vaddr, next);
    EXPECT_EQ((vaddr - kData) % 8, 0u);
    for (std::size_t i = 0; i < piece.size(); ++i) EXPECT_EQ(piece[i], (vaddr - kData + i) % 251);
    // What is five bytes long begins whole in one of them.
    if (piece.size() >= 5) seen += piece.size() - 4;
    next += 256 * 1024;
    pieces.push_back(piece.size());
    return true;
  });
  EXPECT_EQ(seen, size - 8 - 4);
  EXPECT_EQ(pieces.size(), 3u);
  int calls = 0;
  (*image)->each_piece(kData, size, 4, [&](std::uint64_t, Bytes) { return ++calls < 2; });
  EXPECT_EQ(calls, 2) << "until it is told to stop";
}

// What is in a section of debug information, and what it says it holds.
struct DebugSection {
  std::string name = ".debug_info";
  std::uint64_t flags = SHF_COMPRESSED;
  std::vector<std::uint8_t> contents;
};

std::vector<std::uint8_t> with_sections(const std::vector<DebugSection>& sections) {
  auto file = small_executable();
  std::vector<Elf64_Shdr> headers(1);
  std::string names(1, '\0');
  for (const DebugSection& section : sections) {
    Elf64_Shdr h{};
    h.sh_name = static_cast<Elf64_Word>(names.size());
    names += section.name + '\0';
    h.sh_type = SHT_PROGBITS;
    h.sh_flags = section.flags;
    h.sh_offset = file.size();
    h.sh_size = section.contents.size();
    h.sh_addralign = 1;
    file.insert(file.end(), section.contents.begin(), section.contents.end());
    file.resize((file.size() + 7) / 8 * 8);
    headers.push_back(h);
  }
  Elf64_Shdr h{};
  h.sh_name = static_cast<Elf64_Word>(names.size());
  names += std::string(".shstrtab") + '\0';
  h.sh_type = SHT_STRTAB;
  h.sh_offset = file.size();
  h.sh_size = names.size();
  h.sh_addralign = 1;
  file.insert(file.end(), names.begin(), names.end());
  file.resize((file.size() + 7) / 8 * 8);
  headers.push_back(h);
  Elf64_Ehdr e;
  std::memcpy(&e, file.data(), sizeof e);
  e.e_ident[EI_VERSION] = EV_CURRENT;  // libelf is strict
  e.e_version = EV_CURRENT;
  e.e_ehsize = sizeof e;
  e.e_shoff = file.size();
  e.e_shentsize = sizeof(Elf64_Shdr);
  e.e_shnum = static_cast<Elf64_Half>(headers.size());
  e.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);
  std::memcpy(file.data(), &e, sizeof e);
  file.resize(file.size() + headers.size() * sizeof(Elf64_Shdr));
  std::memcpy(file.data() + e.e_shoff, headers.data(), headers.size() * sizeof(Elf64_Shdr));
  return file;
}

std::vector<std::uint8_t> compressed(Elf64_Word type, std::uint64_t claims, std::size_t bytes = 100) {
  std::vector<std::uint8_t> out(sizeof(Elf64_Chdr) + bytes);
  const Elf64_Chdr c{.ch_type = type, .ch_reserved = 0, .ch_size = claims, .ch_addralign = 1};
  std::memcpy(out.data(), &c, sizeof c);
  return out;
}

std::vector<std::uint8_t> zdebug(std::uint64_t claims) {
  std::vector<std::uint8_t> out(100);
  const std::uint64_t big_endian = __builtin_bswap64(claims);
  std::memcpy(out.data(), "ZLIB", 4);
  std::memcpy(out.data() + 4, &big_endian, sizeof big_endian);
  return out;
}

std::string dwarf_refused(const std::vector<DebugSection>& sections) {
  const auto image = ElfImage::from_bytes(with_sections(sections));
  EXPECT_TRUE(image) << image.error().message;
  if (!image) return "";
  EXPECT_EQ((*image)->has_dwarf(), sections[0].name != ".data");
  const auto dwarf = (*image)->dwarf();
  if (dwarf) return "";
  EXPECT_EQ(dwarf.error().kind, ErrorKind::kUnsupported);
  return dwarf.error().message;
}

// libelf allocates what a compressed section claims before it inflates the first byte of it.
TEST(ElfImage, DebugInformationIsRefusedByWhatItClaimsToTake) {
  const std::uint64_t most = DwarfStructs::kMaxInflated;
  constexpr Elf64_Word kZlib = ELFCOMPRESS_ZLIB, kZstd = 2;
  const auto too_much = HasSubstr("takes more than the 512 MB");
  for (const Elf64_Word type : {kZlib, kZstd}) {
    for (const std::uint64_t claims : {most + 1, std::uint64_t{1} << 40, ~std::uint64_t{0}})
      EXPECT_THAT(dwarf_refused({{.contents = compressed(type, claims)}}), too_much) << claims;
  }
  EXPECT_THAT(dwarf_refused({{.name = ".zdebug_info", .flags = 0, .contents = zdebug(most + 1)}}), too_much);
  // Each within the limit, and whatever their order.
  EXPECT_THAT(dwarf_refused({{.contents = compressed(kZlib, most / 2)},
                             {.name = ".debug_abbrev", .contents = compressed(kZlib, most / 2)},
                             {.name = ".debug_str", .contents = compressed(kZlib, 1)}}),
              too_much);
  // What is no debug information has no say, and a claim within the limit is libelf's to judge.
  EXPECT_THAT(dwarf_refused({{.contents = compressed(kZlib, 1000)},
                             {.name = ".other", .contents = compressed(kZlib, most + 1)}}),
              HasSubstr("cannot be read"));
  EXPECT_THAT(dwarf_refused({{.flags = SHF_COMPRESSED, .contents = {1, 2, 3}}}), HasSubstr("damaged"));
  EXPECT_THAT(dwarf_refused({{.name = ".zdebug_info", .flags = 0, .contents = {1, 2, 3}}}),
              HasSubstr("damaged"));
  EXPECT_THAT(dwarf_refused({{.name = ".data", .flags = 0, .contents = {1}}}), HasSubstr("no debug"));
}

TEST(ElfImage, SymbolsAreBounded) {
  const std::string name(ElfImage::kMaxSymbolName, 'n');
  std::string names = std::string(1, '\0') + name + '\0' + name + "x" + '\0' + "short" + '\0';
  Elf64_Sym symbols[4]{};
  symbols[1] = {.st_name = 1, .st_info = 0, .st_other = 0, .st_shndx = 1, .st_value = 11, .st_size = 0};
  symbols[2] = symbols[1];
  symbols[2].st_name = static_cast<Elf64_Word>(name.size() + 2);
  symbols[2].st_value = 12;
  symbols[3] = symbols[1];
  symbols[3].st_name = static_cast<Elf64_Word>(2 * name.size() + 4);
  symbols[3].st_value = 13;
  std::vector<std::uint8_t> table(sizeof symbols);
  std::memcpy(table.data(), symbols, sizeof symbols);
  auto file = with_sections({{.name = ".symtab", .flags = 0, .contents = table},
                             {.name = ".strtab", .flags = 0, .contents = {names.begin(), names.end()}}});
  Elf64_Ehdr e;
  std::memcpy(&e, file.data(), sizeof e);
  put(file, e.e_shoff + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_link), Elf64_Word{2});
  const auto image = ElfImage::from_bytes(file);
  ASSERT_TRUE(image);
  ASSERT_TRUE((*image)->symbol("short"));
  EXPECT_EQ((*image)->symbol("short")->vaddr, 13u);
  EXPECT_TRUE((*image)->symbol(name));
  EXPECT_FALSE((*image)->symbol(name + "x"));
  // As many as it claims, as far as there are bytes: an endless table ends where the file does.
  put(file, e.e_shoff + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size), ~std::uint64_t{0});
  const auto endless = ElfImage::from_bytes(file);
  ASSERT_TRUE(endless);
  EXPECT_TRUE((*endless)->symbol("short"));
}

}  // namespace
}  // namespace gorotrace
