#include "model/goroutine_table.h"

#include <utility>

namespace gorotrace {
namespace {
constexpr std::size_t kSmallest = 64;
}

GoroutineTable::GoroutineTable() {
  resize(kSmallest);
}

Goroutine& GoroutineTable::insert(std::uint64_t goid) {
  if ((size_ + 1) * 5 > slots_.size() * 4) resize(slots_.size() * 2);
  std::size_t i = home(goid);
  while (slots_[i].goid != 0) i = (i + 1) & mask_;
  slots_[i] = Goroutine{};
  slots_[i].goid = goid;
  ++size_;
  return slots_[i];
}

void GoroutineTable::erase(std::uint64_t goid) {
  Goroutine* g = find(goid);
  if (g == nullptr) return;
  auto hole = static_cast<std::size_t>(g - slots_.data());
  for (std::size_t i = (hole + 1) & mask_; slots_[i].goid != 0; i = (i + 1) & mask_) {
    // An entry may fill the hole unless its home lies cyclically in (hole, i].
    if (((i - home(slots_[i].goid)) & mask_) >= ((i - hole) & mask_)) {
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole].goid = 0;
  --size_;
  // An eighth full: shrink, leaving room to grow again before the next move.
  if (slots_.size() > kSmallest && size_ * 8 < slots_.size()) resize(slots_.size() / 4);
}

void GoroutineTable::resize(std::size_t slots) {
  std::vector<Goroutine> old(slots < kSmallest ? kSmallest : slots);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const Goroutine& g : old) {
    if (g.goid == 0) continue;
    std::size_t i = home(g.goid);
    while (slots_[i].goid != 0) i = (i + 1) & mask_;
    slots_[i] = g;
  }
}

}  // namespace gorotrace
