#include "stream/sequence.h"

namespace gorotrace {

void SequenceCheck::out_of_order(PerCpu& cpu, std::uint32_t seq) {
  const std::uint32_t ahead = seq - cpu.next;  // the numbering wraps
  if (ahead < 0x80000000u) {
    if (cpu.holes.size() >= kMaxHoles) cpu.holes.erase(cpu.holes.begin());
    cpu.holes.push_back({cpu.next, ahead});
    missing_ += ahead;
    cpu.next = seq + 1;
    return;
  }
  for (std::size_t i = cpu.holes.size(); i-- > 0;) {
    Hole& hole = cpu.holes[i];
    const std::uint32_t inside = seq - hole.first;
    if (inside >= hole.count) continue;
    --missing_;
    const Hole rest{seq + 1, hole.count - inside - 1};
    hole.count = inside;
    if (rest.count != 0) cpu.holes.insert(cpu.holes.begin() + static_cast<std::ptrdiff_t>(i) + 1, rest);
    if (cpu.holes[i].count == 0) cpu.holes.erase(cpu.holes.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

}  // namespace gorotrace
