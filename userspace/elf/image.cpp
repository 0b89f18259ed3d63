#include "elf/image.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "base/seeded_hash.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "elf/dwarf.h"
#include "elf/mapped_file.h"
#include "elf/refusal.h"
#include "elf/relocations.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxSegments = 128, kMaxSections = 4096;

std::string_view c_string(Bytes table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const auto* begin = reinterpret_cast<const char*>(table.data() + offset);
  return {begin, ::strnlen(begin, table.size() - offset)};
}

}  // namespace

struct ElfImage::Impl {
  MappedFile mapping;
  std::vector<std::uint8_t> owned;
  Bytes file;
  Elf64_Ehdr header{};
  std::vector<Segment> segments;
  std::vector<Section> sections;
  std::vector<Elf64_Shdr> section_headers;  // same index as sections
  bool interp = false;
  std::uint64_t dynamic_offset = 0, dynamic_size = 0;

  mutable std::once_flag relocations_once, symbols_once;
  mutable std::unique_ptr<Relocations> relocations;
  mutable SeededMap<std::string_view, Symbol> symbols;
  mutable std::mutex dwarf_mutex;
  mutable std::unique_ptr<DwarfStructs> dwarf;
  mutable bool dwarf_tried = false;

  void read_segments();
  void read_sections();
  [[nodiscard]] const Relocations& relative() const;
  [[nodiscard]] const Segment* segment_of(std::uint64_t vaddr) const;
  [[nodiscard]] Bytes segment_bytes(const Segment& s) const { return slice(file, s.offset, s.filesz); }
  [[nodiscard]] int index_of(std::string_view name) const;
  void scan(std::uint64_t value, std::size_t limit, bool writable, std::vector<std::uint64_t>& out) const;
};

void ElfImage::Impl::read_segments() {
  const std::size_t count = std::min<std::size_t>(header.e_phnum, kMaxSegments);
  for (std::size_t i = 0; i < count; ++i) {
    const auto ph = load<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (!ph) break;
    if (ph->p_type == PT_INTERP) interp = true;
    if (ph->p_type == PT_DYNAMIC) dynamic_offset = ph->p_offset, dynamic_size = ph->p_filesz;
    if (ph->p_type != PT_LOAD || ph->p_offset > file.size()) continue;
    // A cut-off file keeps what it has; nothing later may reach past it or wrap around.
    const std::uint64_t filesz = std::min<std::uint64_t>(ph->p_filesz, file.size() - ph->p_offset);
    if (ph->p_vaddr + std::max(filesz, ph->p_memsz) < ph->p_vaddr) continue;
    segments.push_back({ph->p_vaddr, ph->p_offset, filesz, ph->p_memsz, (ph->p_flags & PF_W) != 0,
                        (ph->p_flags & PF_X) != 0});
  }
}

void ElfImage::Impl::read_sections() {
  const auto section_header = [&](std::size_t i) {
    return load<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr));
  };
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return;
  const auto names_header = section_header(header.e_shstrndx);
  if (!names_header) return;
  const Bytes names = slice(file, names_header->sh_offset, names_header->sh_size);
  const std::size_t count = std::min<std::size_t>(header.e_shnum, kMaxSections);
  for (std::size_t i = 0; i < count; ++i) {
    const auto sh = section_header(i);
    if (!sh) break;
    sections.push_back({std::string(c_string(names, sh->sh_name)), sh->sh_addr, sh->sh_offset, sh->sh_size});
    section_headers.push_back(*sh);
  }
}

int ElfImage::Impl::index_of(std::string_view name) const {
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

const ElfImage::Segment* ElfImage::Impl::segment_of(std::uint64_t vaddr) const {
  for (const Segment& s : segments) {
    if (vaddr >= s.vaddr && vaddr - s.vaddr < std::max(s.filesz, s.memsz)) return &s;
  }
  return nullptr;
}

const Relocations& ElfImage::Impl::relative() const {
  std::call_once(relocations_once, [this] {
    const RelocationTable where = relocation_table(slice(file, dynamic_offset, dynamic_size));
    Bytes table;
    if (const Segment* s = where.size == 0 ? nullptr : segment_of(where.vaddr)) {
      const std::uint64_t begin = where.vaddr - s->vaddr;
      if (begin < s->filesz) {
        const Bytes rest = segment_bytes(*s).subspan(begin);
        table = rest.first(std::min<std::uint64_t>(where.size, rest.size()));
      }
    }
    const std::uint32_t relative =
        header.e_machine == EM_X86_64 ? std::uint32_t{R_X86_64_RELATIVE} : std::uint32_t{R_AARCH64_RELATIVE};
    relocations = std::make_unique<Relocations>(table, relative);
  });
  return *relocations;
}

void ElfImage::Impl::scan(std::uint64_t value, std::size_t limit, bool writable,
                          std::vector<std::uint64_t>& out) const {
  for (const Segment& s : segments) {
    if (s.writable != writable || s.executable) continue;
    const Bytes bytes = segment_bytes(s);
    for (std::uint64_t at = (8 - s.vaddr % 8) % 8; at + 8 <= bytes.size() && out.size() < limit; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      if (word == value) out.push_back(s.vaddr + at);
    }
  }
}

ElfImage::ElfImage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ElfImage::~ElfImage() = default;

Result<std::unique_ptr<ElfImage>> ElfImage::open(const std::string& path) {
  const std::string shown = printable(path);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot open " + shown);
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) return fail_errno(errno, "cannot stat " + shown);
  if (!S_ISREG(st.st_mode)) return fail(ErrorKind::kUnsupported, shown + " is not a regular file");
  if (st.st_size == 0) return fail(ErrorKind::kUnsupported, shown + " is empty");
  const auto size = static_cast<std::size_t>(st.st_size);
  // Private: pages come in as they are looked at. The text of a running program cannot be written or
  // truncated (ETXTBSY), so the mapping stays whole for the files we are made for. Writable (copy on write)
  // only because libelf updates section headers in place when it decompresses debug sections (elf_compress).
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), 0);
  if (address == MAP_FAILED) return fail_errno(errno, "cannot map " + shown);
  auto impl = std::make_unique<Impl>(MappedFile(address, size));
  impl->file = impl->mapping.bytes();
  if (const auto why = elf_refusal(impl->file)) return fail(ErrorKind::kUnsupported, shown + " " + *why);
  impl->header = *load<Elf64_Ehdr>(impl->file, 0);
  impl->read_segments();
  impl->read_sections();
  return std::unique_ptr<ElfImage>(new ElfImage(std::move(impl)));
}

Result<std::unique_ptr<ElfImage>> ElfImage::from_bytes(std::vector<std::uint8_t> bytes) {
  auto impl = std::make_unique<Impl>();
  impl->owned = std::move(bytes);
  impl->file = impl->owned;
  if (const auto why = elf_refusal(impl->file)) return fail(ErrorKind::kUnsupported, "the file " + *why);
  impl->header = *load<Elf64_Ehdr>(impl->file, 0);
  impl->read_segments();
  impl->read_sections();
  return std::unique_ptr<ElfImage>(new ElfImage(std::move(impl)));
}

Arch ElfImage::arch() const {
  return impl_->header.e_machine == EM_X86_64 ? Arch::kAmd64 : Arch::kArm64;
}
bool ElfImage::position_independent() const {
  return impl_->header.e_type == ET_DYN;
}
bool ElfImage::dynamically_linked() const {
  return impl_->interp;
}
std::span<const ElfImage::Segment> ElfImage::segments() const {
  return impl_->segments;
}

std::optional<ElfImage::Section> ElfImage::section(std::string_view name) const {
  const int i = impl_->index_of(name);
  if (i < 0) return std::nullopt;
  return impl_->sections[static_cast<std::size_t>(i)];
}

bool ElfImage::has_symtab() const {
  const auto s = section(".symtab");
  return s && s->size > sizeof(Elf64_Sym);
}

bool ElfImage::has_dwarf() const {
  return impl_->index_of(".debug_info") >= 0 || impl_->index_of(".zdebug_info") >= 0;
}

Bytes ElfImage::bytes_from(std::uint64_t vaddr) const {
  for (const Segment& s : impl_->segments) {
    if (vaddr >= s.vaddr && vaddr - s.vaddr < s.filesz)
      return impl_->segment_bytes(s).subspan(vaddr - s.vaddr);
  }
  return {};
}

Bytes ElfImage::bytes_at(std::uint64_t vaddr, std::uint64_t size) const {
  return slice(bytes_from(vaddr), 0, size);
}

std::optional<std::uint64_t> ElfImage::word_at(std::uint64_t vaddr) const {
  const auto word = load<std::uint64_t>(bytes_from(vaddr), 0);
  if (!word) return std::nullopt;
  if (position_independent()) {
    if (const auto addend = impl_->relative().addend_at(vaddr)) return addend;
  }
  return word;
}

std::vector<std::uint64_t> ElfImage::words_equal(std::uint64_t value, std::size_t limit) const {
  std::vector<std::uint64_t> out;
  if (position_independent()) {
    for (const Relocation& r : impl_->relative().entries()) {
      if (out.size() >= limit) break;
      if (r.addend == value) out.push_back(r.vaddr);
    }
    if (!out.empty()) return out;
  }
  impl_->scan(value, limit, true, out);
  if (out.empty()) impl_->scan(value, limit, false, out);
  return out;
}

std::optional<std::uint64_t> ElfImage::offset_of(std::uint64_t vaddr) const {
  for (const Segment& s : impl_->segments) {
    if (vaddr >= s.vaddr && vaddr - s.vaddr < s.filesz) return s.offset + (vaddr - s.vaddr);
  }
  return std::nullopt;
}

bool ElfImage::in_writable_segment(std::uint64_t vaddr) const {
  const Segment* s = impl_->segment_of(vaddr);
  return s != nullptr && s->writable;
}

std::optional<ElfImage::Symbol> ElfImage::symbol(std::string_view name) const {
  std::call_once(impl_->symbols_once, [this] {
    const int i = impl_->index_of(".symtab");
    if (i < 0) return;
    const Elf64_Shdr& sh = impl_->section_headers[static_cast<std::size_t>(i)];
    if (sh.sh_link >= impl_->section_headers.size()) return;
    const Elf64_Shdr& strings = impl_->section_headers[sh.sh_link];
    const Bytes table = slice(impl_->file, sh.sh_offset, sh.sh_size);
    const Bytes names = slice(impl_->file, strings.sh_offset, strings.sh_size);
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.size(); at += sizeof(Elf64_Sym)) {
      const auto s = load<Elf64_Sym>(table, at);
      if (s->st_shndx == SHN_UNDEF) continue;
      impl_->symbols.try_emplace(c_string(names, s->st_name), Symbol{s->st_value, s->st_size});
    }
  });
  const auto it = impl_->symbols.find(name);
  if (it == impl_->symbols.end()) return std::nullopt;
  return it->second;
}

void ElfImage::release_memory() const {
  const std::lock_guard lock(impl_->dwarf_mutex);
  // libelf's changes of section headers go with the pages, so what depends on them goes first.
  impl_->dwarf.reset();
  impl_->dwarf_tried = false;
  impl_->mapping.drop_pages();
}

std::optional<std::uint64_t> ElfImage::dwarf_member_offset(std::string_view struct_name,
                                                           std::string_view member) const {
  const std::lock_guard lock(impl_->dwarf_mutex);
  if (!impl_->dwarf_tried) {
    impl_->dwarf_tried = true;
    if (has_dwarf()) impl_->dwarf = DwarfStructs::open(impl_->file);
  }
  if (!impl_->dwarf) return std::nullopt;
  return impl_->dwarf->member_offset(struct_name, member);
}

}  // namespace gorotrace
