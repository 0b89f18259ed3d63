// An ELF executable: read when asked (file_window.h), every access bounds-checked, answers by value. Knows
// nothing of Go. What cannot be read answers as what is not there, and fault() says so.
// Threads: immutable after open(); any thread may read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "elf/dwarf.h"
#include "elf/file_window.h"

namespace gorotrace {

enum class Arch { kAmd64, kArm64 };

class ElfImage {
 public:
  struct Segment {  // a PT_LOAD; addresses are the file's own (before the load bias)
    std::uint64_t vaddr, offset, filesz, memsz;
    bool writable, executable;
  };
  struct Section {
    std::string name;
    std::uint64_t vaddr, offset, size;
  };
  struct Symbol {
    std::uint64_t vaddr, size;
  };

  // kUnsupported for what is not a 64-bit little-endian ELF executable of amd64 or arm64, saying which it is.
  [[nodiscard]] static Result<std::unique_ptr<ElfImage>> open(const std::string& path);
  [[nodiscard]] static Result<std::unique_ptr<ElfImage>> from_bytes(const std::vector<std::uint8_t>& bytes);
  ~ElfImage();

  [[nodiscard]] Arch arch() const;
  [[nodiscard]] bool position_independent() const;  // ET_DYN
  [[nodiscard]] bool dynamically_linked() const;    // has PT_INTERP
  [[nodiscard]] std::span<const Segment> segments() const;
  [[nodiscard]] std::optional<Section> section(std::string_view name) const;
  [[nodiscard]] bool has_symtab() const;
  [[nodiscard]] bool has_dwarf() const;

  // The file itself, for who reads much at places that only the bytes tell (Pclntab).
  [[nodiscard]] const FileWindow& file() const;
  // Why it cannot be read (any more), to follow the file's name.
  [[nodiscard]] std::optional<std::string> fault() const { return file().fault(); }

  // The greatest part that is answered at once; a section's size is whatever its header says.
  static constexpr std::uint64_t kMaxBytes = 16u << 20;
  // File-backed bytes at vaddr; empty when any of them is outside one segment's file part.
  [[nodiscard]] std::vector<std::uint8_t> bytes_at(std::uint64_t vaddr, std::uint64_t size) const;
  // The same, cut off where the segment's file part ends.
  [[nodiscard]] std::vector<std::uint8_t> bytes_up_to(std::uint64_t vaddr, std::uint64_t size) const;
  // How many file-backed bytes there are from vaddr to the end of its segment.
  [[nodiscard]] std::uint64_t bytes_after(std::uint64_t vaddr) const;
  // Goes once through the file-backed part of [vaddr, vaddr + size) without keeping it, until visit returns
  // false. A piece has up to `overlap` bytes of the next one behind it: what is overlap + 1 long begins
  // whole in exactly one. Pieces begin at multiples of 8 bytes from vaddr.
  using PieceVisitor = std::function<bool(std::uint64_t vaddr, Bytes piece)>;
  void each_piece(std::uint64_t vaddr, std::uint64_t size, std::size_t overlap,
                  const PieceVisitor& visit) const;
  // The pointer-sized word at vaddr with R_X86_64_RELATIVE / R_AARCH64_RELATIVE applied (addend), as
  // link-time address.
  [[nodiscard]] std::optional<std::uint64_t> word_at(std::uint64_t vaddr) const;
  // Addresses of words that hold (or are relocated to) `value`, at 8-byte alignment, in data segments.
  [[nodiscard]] std::vector<std::uint64_t> words_equal(std::uint64_t value, std::size_t limit) const;
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t vaddr) const;  // vaddr -> file offset
  [[nodiscard]] bool in_writable_segment(std::uint64_t vaddr) const;
  // From .symtab, for tests and for cross-checks only: nothing a stripped binary needs comes from here. Keeps
  // no more than kMaxSymbols of them (prometheus with its symbol table: 150,000), of names up to
  // kMaxSymbolName (what Go's linker makes of deep generic types is a few kB); others are not found.
  static constexpr std::size_t kMaxSymbols = 1u << 20, kMaxSymbolName = 8192, kMaxSymbolBytes = 128u << 20;
  [[nodiscard]] std::optional<Symbol> symbol(std::string_view name) const;
  // kUnsupported when there is no debug information or more than is read (dwarf.h).
  [[nodiscard]] Result<std::unique_ptr<DwarfStructs>> dwarf() const;

 private:
  struct Impl;
  explicit ElfImage(std::unique_ptr<Impl> impl);
  [[nodiscard]] static Result<std::unique_ptr<ElfImage>> make(Result<std::unique_ptr<FileWindow>> file,
                                                              const std::string& shown);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
