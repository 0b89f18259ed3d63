// The line table's raw layout: header, functab, _func, pcvalue tables, inline trees. Every accessor is
// bounded, and takes the view of the file that it reads through. Source: runtime/symtab.go (pcHeader, _func,
// pcvalue, step), runtime/symtabinl.go (inlinedCall), internal/abi/symtab.go, cmd/link/internal/ld/pcln.go;
// Go 1.18-1.27.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "elf/file_window.h"

namespace gorotrace {

// internal/abi/symtab.go: PCDATA_InlTreeIndex, FUNCDATA_InlTree (unchanged 1.18-1.27).
inline constexpr std::uint32_t kPcdataInlTreeIndex = 2, kFuncdataInlTree = 3;
inline constexpr std::uint32_t kMagic118 = 0xfffffff0, kMagic120 = 0xfffffff1;

class PclntabLayout {
 public:
  // A _func record with the fields all versions have.
  struct Func {
    std::uint64_t at = 0;  // in pcln
    std::uint32_t entry_off = 0, name_off = 0, pcsp = 0, pcfile = 0, pcln = 0, npcdata = 0, cu_offset = 0,
                  start_line = 0;
    std::uint8_t func_id = 0, flag = 0, nfuncdata = 0;
  };
  // One node of an inline tree: 20 bytes up to 1.19, 16 since.
  struct Inlined {
    std::uint32_t name_off = 0, parent_pc = 0, start_line = 0;  // start_line 0 before 1.20
    std::uint8_t func_id = 0;
  };

  using View = FileWindow::View;
  // Part of the file.
  struct Range {
    std::uint64_t begin = 0, size = 0;
    [[nodiscard]] std::uint64_t end() const { return begin + size; }
  };

  static constexpr std::uint64_t kHeaderSize = 72;
  // `head`: the first kHeaderSize bytes at least. `table` starts there and may reach past the end of the line
  // table.
  [[nodiscard]] static std::optional<PclntabLayout> parse(Bytes head, Range table);
  // True for the header of Go 1.2-1.17, whose tables we do not read.
  [[nodiscard]] static bool too_old(Bytes head);

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::uint64_t funcname_off() const { return funcname_; }
  [[nodiscard]] std::uint64_t cu_off() const { return cu_; }
  [[nodiscard]] std::uint64_t filetab_off() const { return file_; }
  [[nodiscard]] std::uint64_t pctab_off() const { return pc_; }
  [[nodiscard]] std::uint64_t pcln_off() const { return pcln_; }
  [[nodiscard]] bool go118() const { return magic_ == kMagic118; }

  // Entry of functab[i] as offset from text; i == count() is the end marker.
  [[nodiscard]] std::optional<std::uint32_t> entry_off(const View& view, std::uint32_t i) const;
  [[nodiscard]] std::optional<Func> func(const View& view, std::uint32_t i) const;
  // The i with entry_off(i) <= offset < entry_off(i + 1).
  [[nodiscard]] std::optional<std::uint32_t> find(const View& view, std::uint64_t offset) const;

  [[nodiscard]] std::string_view name(const View& view, std::uint32_t name_off) const;
  [[nodiscard]] std::string_view file(const View& view, const Func& f, std::int32_t file_number) const;
  [[nodiscard]] const Range& names() const { return names_; }

  // Value of the table at pctab offset `off` for `pc_off`, bytes from the function's entry; nullopt past its
  // end. Takes its steps off `budget` and stops at 0, as max_value() does: whoever looks at many tables, or
  // often at one, stays bounded on tables made to be slow.
  [[nodiscard]] std::optional<std::int32_t> value(const View& view, std::uint32_t off, std::uint64_t pc_off,
                                                  std::uint64_t& budget) const;
  // Greatest value the table takes for any pc, -1 when none.
  [[nodiscard]] std::int32_t max_value(const View& view, std::uint32_t off, std::uint64_t& budget) const;

  [[nodiscard]] std::uint32_t pcdata(const View& view, const Func& f,
                                     std::uint32_t index) const;  // 0 when none
  [[nodiscard]] std::optional<std::uint32_t> funcdata(const View& view, const Func& f,
                                                      std::uint32_t index) const;  // from gofunc
  [[nodiscard]] std::optional<Inlined> inlined(const View& view, const Range& tree, std::int32_t index) const;

 private:
  PclntabLayout() = default;
  template <typename Visit>
  void walk(const View& view, std::uint32_t off, std::uint64_t& budget, Visit visit) const;

  std::uint32_t magic_ = 0, count_ = 0;
  std::uint8_t quantum_ = 1;
  std::uint64_t funcname_ = 0, cu_ = 0, file_ = 0, pc_ = 0, pcln_ = 0;
  Range names_, cus_, files_, pcs_, pclns_;
};

}  // namespace gorotrace
