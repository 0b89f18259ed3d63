#include "golang/foreign.h"

#include <algorithm>
#include <string_view>

#include "base/bytes.h"
#include "golang/presence.h"

namespace gorotrace {
namespace {

constexpr std::string_view kGccgo =
    "compiled by gccgo, which has a runtime of its own; build it with the Go toolchain (gc)";

bool section_has(const ElfImage& image, std::string_view name, std::string_view text) {
  const auto section = image.section(name);
  if (!section || section->vaddr == 0) return false;
  const auto bytes = image.bytes_up_to(section->vaddr, std::min(section->size, ElfImage::kMaxBytes));
  return as_text(bytes).find(text) != std::string_view::npos;
}

// src/p_lx_elf.cpp of UPX: its l_info, with the magic, follows the program headers.
bool packed_by_upx(const ElfImage& image) {
  constexpr std::uint64_t kHeaders = 1024;
  const auto segments = image.segments();
  return std::ranges::any_of(segments, [&](const ElfImage::Segment& s) {
    return s.offset == 0 &&
           as_text(image.bytes_up_to(s.vaddr, kHeaders)).find("UPX!") != std::string_view::npos;
  });
}

// runtime.Version() of gccgo: "go1.18 gccgo (Debian 12.2.0-14) 12.2.0".
bool has_gccgo_version(std::string_view text) {
  constexpr std::string_view kGo = "go1.", kCompiler = " gccgo (";
  for (std::size_t at = 0; (at = text.find(kCompiler, at)) != std::string_view::npos; ++at) {
    const std::string_view before = text.substr(0, at);
    const std::size_t go = before.rfind(kGo);
    if (go != std::string_view::npos && go + kGo.size() < at &&
        before.find_first_not_of("0123456789.", go + kGo.size()) == std::string_view::npos)
      return true;
  }
  return false;
}

bool contains_gccgo_version(const ElfImage& image) {
  constexpr std::size_t kLongest = 32;
  bool found = false;
  for (const ElfImage::Segment& s : image.segments()) {
    if (found) break;
    image.each_piece(s.vaddr, s.filesz, kLongest, [&](std::uint64_t, Bytes piece) {
      found = has_gccgo_version(as_text(piece));
      return !found;
    });
  }
  return found;
}

}  // namespace

std::optional<std::string> foreign_by_headers(const ElfImage& image) {
  if (packed_by_upx(image))
    return "packed by UPX: the program that runs is only in memory; unpack the file ('upx -d') and start "
           "that";
  // With -static-libgo what gccgo's packages export is kept in the file, stripped or not.
  if (section_has(image, ".dynstr", "libgo.so.") || image.section(".go_export")) return std::string(kGccgo);
  return std::nullopt;
}

// cmd/link notes nothing of that in such a program (ELF_NOTE_GODEPS is for libraries of -buildmode=shared).
std::optional<std::string> foreign_by_functions(const Pclntab& pclntab) {
  if (has_own_runtime(pclntab)) return std::nullopt;
  return "built with -linkshared: the Go runtime is in a shared library; build it without (its line table "
         "has "
         "no runtime.rt0_go)";
}

std::optional<std::string> foreign_by_contents(const ElfImage& image) {
  if (contains_gccgo_version(image)) return std::string(kGccgo);
  // TinyGo's scheduler and assembly call each other by such names; a stripped one without goroutines has
  // none.
  for (const char* symbol : {"tinygo_startTask", "tinygo_swapTask", "tinygo_scanCurrentStack"}) {
    if (image.symbol(symbol))
      return "compiled by TinyGo, which has a runtime of its own; build it with the Go toolchain (gc)";
  }
  return std::nullopt;
}

}  // namespace gorotrace
