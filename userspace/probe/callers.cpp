#include <algorithm>
#include <cstring>

#include "probe/sites.h"

namespace gorotrace {

std::vector<GoFunction> direct_callers(const ElfImage& image, const Pclntab& pclntab, std::uint64_t target) {
  std::vector<GoFunction> out;
  const std::uint64_t begin = pclntab.text();
  Bytes text = image.bytes_from(begin);
  if (pclntab.etext() > begin)
    text = text.first(std::min<std::uint64_t>(text.size(), pclntab.etext() - begin));
  const auto hit = [&](std::uint64_t offset) {
    const auto f = pclntab.function_at(begin + offset);
    if (f && (out.empty() || out.back().index != f->index)) out.push_back(*f);
  };
  if (image.arch() == Arch::kAmd64) {  // e8 rel32
    for (std::size_t at = 0; at + 5 <= text.size(); ++at) {
      const void* next = std::memchr(text.data() + at, 0xe8, text.size() - at);
      if (next == nullptr) break;
      at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(next) - text.data());
      const auto rel = load<std::int32_t>(text, at + 1);
      if (rel && begin + at + 5 + static_cast<std::uint64_t>(std::int64_t{*rel}) == target) hit(at);
    }
    return out;
  }
  for (std::size_t at = 0; at + 4 <= text.size(); at += 4) {  // bl imm26
    const auto word = load<std::uint32_t>(text, at);
    if (!word || (*word & 0xfc000000) != 0x94000000) continue;
    const auto rel = static_cast<std::int64_t>(static_cast<std::int32_t>(*word << 6) >> 6) * 4;
    if (begin + at + static_cast<std::uint64_t>(rel) == target) hit(at);
  }
  return out;
}

}  // namespace gorotrace
