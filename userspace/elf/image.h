// An ELF executable as bytes: mapped, read lazily, every access bounds-checked. Knows nothing of Go.
// Threads: immutable after open(); any thread may read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

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
  [[nodiscard]] static Result<std::unique_ptr<ElfImage>> from_bytes(std::vector<std::uint8_t> bytes);
  ~ElfImage();

  [[nodiscard]] Arch arch() const;
  [[nodiscard]] bool position_independent() const;  // ET_DYN
  [[nodiscard]] bool dynamically_linked() const;    // has PT_INTERP
  [[nodiscard]] std::span<const Segment> segments() const;
  [[nodiscard]] std::optional<Section> section(std::string_view name) const;
  [[nodiscard]] bool has_symtab() const;
  [[nodiscard]] bool has_dwarf() const;

  // File-backed bytes at vaddr; empty when any of them is outside one segment's file part.
  [[nodiscard]] Bytes bytes_at(std::uint64_t vaddr, std::uint64_t size) const;
  // All file-backed bytes from vaddr to the end of its segment; empty when vaddr is in none.
  [[nodiscard]] Bytes bytes_from(std::uint64_t vaddr) const;
  // The pointer-sized word at vaddr with R_X86_64_RELATIVE / R_AARCH64_RELATIVE applied (addend), as
  // link-time address.
  [[nodiscard]] std::optional<std::uint64_t> word_at(std::uint64_t vaddr) const;
  // Addresses of words that hold (or are relocated to) `value`, at 8-byte alignment, in data segments.
  [[nodiscard]] std::vector<std::uint64_t> words_equal(std::uint64_t value, std::size_t limit) const;
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t vaddr) const;  // vaddr -> file offset
  [[nodiscard]] bool in_writable_segment(std::uint64_t vaddr) const;
  // From .symtab, for tests and for cross-checks only: nothing a stripped binary needs comes from here.
  [[nodiscard]] std::optional<Symbol> symbol(std::string_view name) const;
  // Gives back what can be had again: the file's pages (they count as resident memory while mapped) and the
  // debug information. Any thread, at any time.
  void release_memory() const;
  // DW_AT_data_member_location of struct_name.member ("runtime.g", "goid"); nullopt without DWARF.
  [[nodiscard]] std::optional<std::uint64_t> dwarf_member_offset(std::string_view struct_name,
                                                                 std::string_view member) const;

 private:
  struct Impl;
  explicit ElfImage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
