#include <algorithm>
#include <cstring>

#include "probe/sites.h"

namespace gorotrace {

std::vector<GoFunction> direct_callers(const ElfImage& image, const Pclntab& pclntab, std::uint64_t target) {
  std::vector<GoFunction> out;
  const std::uint64_t begin = pclntab.text();
  if (pclntab.etext() <= begin) return out;
  const bool amd64 = image.arch() == Arch::kAmd64;
  const std::size_t length = amd64 ? 5 : 4;  // e8 rel32, bl imm26
  const auto hit = [&](std::uint64_t address) {
    const auto f = pclntab.function_at(address);
    if (f && (out.empty() || out.back().index != f->index)) out.push_back(*f);
  };
  image.each_piece(begin, pclntab.etext() - begin, length - 1, [&](std::uint64_t vaddr, Bytes text) {
    if (amd64) {
      for (std::size_t at = 0; at + length <= text.size(); ++at) {
        const void* next = std::memchr(text.data() + at, 0xe8, text.size() - at);
        if (next == nullptr) break;
        at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(next) - text.data());
        const auto rel = load<std::int32_t>(text, at + 1);
        if (rel && vaddr + at + length + static_cast<std::uint64_t>(std::int64_t{*rel}) == target)
          hit(vaddr + at);
      }
      return true;
    }
    for (std::size_t at = 0; at + length <= text.size(); at += length) {
      const auto word = load<std::uint32_t>(text, at);
      if (!word || (*word & 0xfc000000) != 0x94000000) continue;
      const auto rel = static_cast<std::int64_t>(static_cast<std::int32_t>(*word << 6) >> 6) * 4;
      if (vaddr + at + static_cast<std::uint64_t>(rel) == target) hit(vaddr + at);
    }
    return true;
  });
  return out;
}

}  // namespace gorotrace
