#include "golang/type_name.h"

#include <algorithm>

namespace gorotrace {

std::string type_name(const ElfImage& image, std::uint64_t types, std::uint64_t type) {
  constexpr std::uint64_t kFlagsAt = 20, kNameAt = 40;
  constexpr std::uint8_t kExtraStar = 2;  // the name is that of a pointer to the type
  const auto head = image.bytes_at(type, kNameAt + 4);
  if (types == 0 || type < types || head.size() != kNameAt + 4) return "";
  std::uint32_t offset = 0;
  for (std::size_t i = 0; i < 4; ++i) offset |= std::uint32_t{head[kNameAt + i]} << (8 * i);
  // Name: a byte of flags, the length as a varint, the text.
  const auto name = image.bytes_at(types + offset, 3);
  if (name.size() != 3) return "";
  std::uint64_t size = name[1] & 0x7f, at = 2;
  if ((name[1] & 0x80) != 0) {
    if ((name[2] & 0x80) != 0) return "";  // 16 KiB and more: none of ours
    size |= std::uint64_t{name[2]} << 7;
    at = 3;
  }
  const auto text = image.bytes_at(types + offset + at, std::min<std::uint64_t>(size, kMaxTypeName));
  std::string out(text.begin(), text.end());
  if ((head[kFlagsAt] & kExtraStar) != 0 && out.starts_with('*')) out.erase(0, 1);
  return out;
}

}  // namespace gorotrace
