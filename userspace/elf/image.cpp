#include "elf/image.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/seeded_hash.h"
#include "base/text.h"
#include "elf/dwarf.h"
#include "elf/refusal.h"
#include "elf/relocations.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxSegments = 128, kMaxSections = 4096;
constexpr std::uint64_t kMaxDynamicBytes = 16 * 1024;
// Of Elf64_Rela, 24 bytes each: 5 million. prometheus as PIE has 300,000.
constexpr std::uint64_t kMaxRelocationBytes = 120u << 20;

constexpr std::size_t kMaxSectionName = 256, kScanPiece = 256 * 1024;

using View = FileWindow::View;

}  // namespace

struct ElfImage::Impl {
  std::unique_ptr<FileWindow> file;
  Elf64_Ehdr header{};
  std::vector<Segment> segments;
  std::vector<Section> sections;
  std::vector<Elf64_Shdr> section_headers;  // same index as sections
  bool interp = false;
  std::uint64_t dynamic_offset = 0, dynamic_size = 0;

  mutable std::once_flag relocations_once, symbols_once;
  mutable std::unique_ptr<Relocations> relocations;
  mutable SeededMap<std::string, Symbol> symbols;

  void read_segments(const View& view);
  void read_sections(const View& view);
  void read_symbols() const;
  [[nodiscard]] const Relocations& relative() const;
  [[nodiscard]] const Segment* segment_of(std::uint64_t vaddr) const;
  [[nodiscard]] int index_of(std::string_view name) const;
  void scan(const ElfImage& image, std::uint64_t value, std::size_t limit, bool writable,
            std::vector<std::uint64_t>& out) const;
};

void ElfImage::Impl::read_segments(const View& view) {
  const std::size_t count = std::min<std::size_t>(header.e_phnum, kMaxSegments);
  for (std::size_t i = 0; i < count; ++i) {
    const auto ph = view.load<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    if (!ph) break;
    if (ph->p_type == PT_INTERP) interp = true;
    if (ph->p_type == PT_DYNAMIC) dynamic_offset = ph->p_offset, dynamic_size = ph->p_filesz;
    if (ph->p_type != PT_LOAD || ph->p_offset > file->size()) continue;
    // A cut-off file keeps what it has; nothing later may reach past it or wrap around.
    const std::uint64_t filesz = std::min<std::uint64_t>(ph->p_filesz, file->size() - ph->p_offset);
    if (ph->p_vaddr + std::max(filesz, ph->p_memsz) < ph->p_vaddr) continue;
    segments.push_back({ph->p_vaddr, ph->p_offset, filesz, ph->p_memsz, (ph->p_flags & PF_W) != 0,
                        (ph->p_flags & PF_X) != 0});
  }
}

void ElfImage::Impl::read_sections(const View& view) {
  const auto section_header = [&](std::size_t i) {
    return view.load<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr));
  };
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return;
  const auto names = section_header(header.e_shstrndx);
  if (!names || names->sh_offset > file->size()) return;
  const std::uint64_t names_end =
      names->sh_offset + std::min<std::uint64_t>(names->sh_size, file->size() - names->sh_offset);
  const std::size_t count = std::min<std::size_t>(header.e_shnum, kMaxSections);
  for (std::size_t i = 0; i < count; ++i) {
    const auto sh = section_header(i);
    if (!sh) break;
    const auto name = view.c_string(names->sh_offset + sh->sh_name, names_end, kMaxSectionName);
    sections.push_back({std::string(name), sh->sh_addr, sh->sh_offset, sh->sh_size});
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
    const View view(*file);
    const std::uint64_t most = std::min<std::uint64_t>(dynamic_size, kMaxDynamicBytes);
    const RelocationTable where = relocation_table(view.at(dynamic_offset, most));
    Bytes table;
    if (const Segment* s = where.size == 0 ? nullptr : segment_of(where.vaddr)) {
      const std::uint64_t begin = where.vaddr - s->vaddr;
      if (begin < s->filesz) {
        table = view.at(s->offset + begin, std::min({where.size, s->filesz - begin, kMaxRelocationBytes}));
      }
    }
    const std::uint32_t relative =
        header.e_machine == EM_X86_64 ? std::uint32_t{R_X86_64_RELATIVE} : std::uint32_t{R_AARCH64_RELATIVE};
    relocations = std::make_unique<Relocations>(table, relative);
  });
  return *relocations;
}

void ElfImage::Impl::scan(const ElfImage& image, std::uint64_t value, std::size_t limit, bool writable,
                          std::vector<std::uint64_t>& out) const {
  for (const Segment& s : segments) {
    if (s.writable != writable || s.executable) continue;
    const std::uint64_t skip = (8 - s.vaddr % 8) % 8;
    if (skip >= s.filesz) continue;
    image.each_piece(s.vaddr + skip, s.filesz - skip, 0, [&](std::uint64_t vaddr, Bytes piece) {
      for (std::uint64_t at = 0; at + 8 <= piece.size() && out.size() < limit; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, piece.data() + at, sizeof word);
        if (word == value) out.push_back(vaddr + at);
      }
      return out.size() < limit;
    });
  }
}

void ElfImage::Impl::read_symbols() const {
  const int i = index_of(".symtab");
  if (i < 0) return;
  const Elf64_Shdr& sh = section_headers[static_cast<std::size_t>(i)];
  if (sh.sh_link >= section_headers.size() || sh.sh_offset > file->size()) return;
  const Elf64_Shdr& strings = section_headers[sh.sh_link];
  if (strings.sh_offset > file->size()) return;
  const std::uint64_t names_end =
      strings.sh_offset + std::min<std::uint64_t>(strings.sh_size, file->size() - strings.sh_offset);
  const std::uint64_t count = std::min<std::uint64_t>(sh.sh_size / sizeof(Elf64_Sym), kMaxSymbols);
  std::size_t bytes = 0;
  const View view(*file);
  for (std::uint64_t n = 0; n < count && bytes < kMaxSymbolBytes; ++n) {
    const auto s = view.load<Elf64_Sym>(sh.sh_offset + n * sizeof(Elf64_Sym));
    if (!s) break;
    if (s->st_shndx == SHN_UNDEF) continue;
    const auto name = view.c_string(strings.sh_offset + s->st_name, names_end, kMaxSymbolName + 1);
    if (name.size() > kMaxSymbolName) continue;
    symbols.try_emplace(std::string(name), Symbol{s->st_value, s->st_size});
    bytes += name.size();
  }
}

ElfImage::ElfImage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ElfImage::~ElfImage() = default;

Result<std::unique_ptr<ElfImage>> ElfImage::open(const std::string& path) {
  return make(FileWindow::open(path), printable(path));
}

Result<std::unique_ptr<ElfImage>> ElfImage::from_bytes(const std::vector<std::uint8_t>& bytes) {
  return make(FileWindow::from_bytes(bytes), "the file");
}

Result<std::unique_ptr<ElfImage>> ElfImage::make(Result<std::unique_ptr<FileWindow>> file,
                                                 const std::string& shown) {
  if (!file) return std::unexpected(file.error());
  auto impl = std::make_unique<Impl>();
  impl->file = std::move(*file);
  std::optional<std::string> refusal;
  {
    const View view(*impl->file);
    const Bytes head = view.at(0, std::min<std::uint64_t>(impl->file->size(), sizeof(Elf64_Ehdr)));
    refusal = elf_refusal(head);
    if (!refusal) {
      impl->header = *load<Elf64_Ehdr>(head, 0);
      impl->read_segments(view);
      impl->read_sections(view);
    }
  }
  if (const auto fault = impl->file->fault()) return fail(ErrorKind::kFailed, shown + " " + *fault);
  if (refusal) return fail(ErrorKind::kUnsupported, shown + " " + *refusal);
  return std::unique_ptr<ElfImage>(new ElfImage(std::move(impl)));
}

const FileWindow& ElfImage::file() const {
  return *impl_->file;
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

std::uint64_t ElfImage::bytes_after(std::uint64_t vaddr) const {
  for (const Segment& s : impl_->segments) {
    if (vaddr >= s.vaddr && vaddr - s.vaddr < s.filesz) return s.filesz - (vaddr - s.vaddr);
  }
  return 0;
}

std::vector<std::uint8_t> ElfImage::bytes_at(std::uint64_t vaddr, std::uint64_t size) const {
  const auto offset = offset_of(vaddr);
  if (!offset || size > kMaxBytes || bytes_after(vaddr) < size) return {};
  const View view(*impl_->file);
  const Bytes bytes = view.at(*offset, size);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::uint8_t> ElfImage::bytes_up_to(std::uint64_t vaddr, std::uint64_t size) const {
  return bytes_at(vaddr, std::min(size, bytes_after(vaddr)));
}

void ElfImage::each_piece(std::uint64_t vaddr, std::uint64_t size, std::size_t overlap,
                          const PieceVisitor& visit) const {
  const auto offset = offset_of(vaddr);
  if (!offset) return;
  size = std::min(size, bytes_after(vaddr));
  std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(kScanPiece + overlap, size));
  for (std::uint64_t at = 0; at < size; at += kScanPiece) {
    const std::span<std::uint8_t> piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), size - at));
    if (!impl_->file->read(*offset + at, piece) || !visit(vaddr + at, piece)) return;
  }
}

std::optional<std::uint64_t> ElfImage::word_at(std::uint64_t vaddr) const {
  const auto offset = offset_of(vaddr);
  if (!offset || bytes_after(vaddr) < sizeof(std::uint64_t)) return std::nullopt;
  if (position_independent()) {
    if (const auto addend = impl_->relative().addend_at(vaddr)) return addend;
  }
  const View view(*impl_->file);
  return view.load<std::uint64_t>(*offset);
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
  impl_->scan(*this, value, limit, true, out);
  if (out.empty()) impl_->scan(*this, value, limit, false, out);
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
  std::call_once(impl_->symbols_once, [this] { impl_->read_symbols(); });
  const auto it = impl_->symbols.find(std::string(name));
  if (it == impl_->symbols.end()) return std::nullopt;
  return it->second;
}

Result<std::unique_ptr<DwarfStructs>> ElfImage::dwarf() const {
  if (!has_dwarf()) return fail(ErrorKind::kUnsupported, "it has no debug information");
  if (const auto fault = this->fault()) return fail(ErrorKind::kFailed, "it " + *fault);
  return DwarfStructs::open(impl_->file->fd());
}

}  // namespace gorotrace
