#include "golang/moduledata.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxCandidates = 64;

bool in_executable_segment(const ElfImage& image, std::uint64_t address) {
  for (const ElfImage::Segment& s : image.segments()) {
    if (s.executable && address >= s.vaddr && address - s.vaddr < s.filesz) return true;
  }
  return false;
}

// moduledata.gofunc moved: +304 up to 1.19 (own magic), +320 in 1.20-1.26, +344 in 1.27, where +336 is
// rodata. types is three words before it; in 1.27 it is where it was. In 1.20-1.26
// those two words are the len and cap of textsectmap, a handful each.
void find_gofunc(const ElfImage& image, const PclntabLayout& table, Moduledata& moduledata) {
  const auto word = [&](std::uint64_t at) { return image.word_at(moduledata.address + at).value_or(0); };
  if (table.go118()) {
    moduledata.gofunc = word(304);
    moduledata.types = word(304 - 24);
    return;
  }
  constexpr std::uint64_t kSmallestAddress = 4096;
  const std::uint64_t rodata = word(336), gofunc = word(344);
  moduledata.go127 = rodata >= kSmallestAddress && gofunc >= rodata && image.bytes_after(gofunc) != 0;
  moduledata.gofunc = moduledata.go127 ? gofunc : word(320);
  moduledata.types = word(296);
}

}  // namespace

std::optional<Moduledata> find_moduledata(const ElfImage& image, std::uint64_t table_address,
                                          const PclntabLayout& table) {
  for (const std::uint64_t at : image.words_equal(table_address, kMaxCandidates)) {
    const auto holds = [&](std::uint64_t field, std::uint64_t value) {
      return image.word_at(at + field) == std::optional(value);
    };
    if (!holds(8, table_address + table.funcname_off()) || !holds(32, table_address + table.cu_off()) ||
        !holds(56, table_address + table.filetab_off()) || !holds(80, table_address + table.pctab_off()) ||
        !holds(104, table_address + table.pcln_off()))
      continue;
    const std::uint64_t text = image.word_at(at + 176).value_or(0),
                        etext = image.word_at(at + 184).value_or(0);
    if (text >= etext || !in_executable_segment(image, text) || !in_executable_segment(image, etext - 1))
      continue;
    Moduledata found{.address = at, .text = text, .etext = etext};
    find_gofunc(image, table, found);
    return found;
  }
  return std::nullopt;
}

}  // namespace gorotrace
