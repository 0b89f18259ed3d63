#include "golang/constant_text.h"

namespace gorotrace {

void each_constant_text(const ElfImage& image, std::string_view text, std::size_t limit,
                        const std::function<bool(std::uint64_t vaddr)>& visit) {
  std::size_t hits = 0;
  bool go_on = true;
  for (const bool executable : {false, true}) {
    for (const ElfImage::Segment& s : image.segments()) {
      if (s.executable != executable || s.writable) continue;
      image.each_piece(s.vaddr, s.filesz, text.size() - 1, [&](std::uint64_t vaddr, Bytes piece) {
        const std::string_view all(reinterpret_cast<const char*>(piece.data()), piece.size());
        for (std::size_t at = all.find(text); at != std::string_view::npos && go_on && hits < limit;
             at = all.find(text, at + 1), ++hits)
          go_on = visit(vaddr + at);
        return go_on && hits < limit;
      });
    }
    if (hits != 0) break;
  }
}

}  // namespace gorotrace
