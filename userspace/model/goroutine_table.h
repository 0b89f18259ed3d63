// What the model keeps per live goroutine, and the table that finds it by goid: open addressing, linear
// probing, backward-shift erase, so that memory follows what lives. Pointers hold until the next insert or
// erase.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/seeded_hash.h"
#include "model/flat_index.h"
#include "model/lineage.h"
#include "model/model.h"

namespace gorotrace {

enum GoroutineFlags : std::uint16_t {
  kCreatedSeen = 1,  // created_ns is the creation, not the first sight
  kCounted = 2,      // it is in Tables::created
  kFromMemory = 4,   // state was read from memory, no event confirmed it
  kWaitOpen = 8,  // row and wait_from_ns describe an open wait (or syscall), since_ns its part in the window
  kStartSeen = 16,  // wait_from_ns is the park itself
  kWoken = 32,      // runnable because of an unpark that was seen: its run gives a latency
  kSystem = 64,
  kExtra = 128,      // of a C thread (needm)
  kSemaphore = 256,  // Model::Impl::semaphores knows the one it last wanted
};

// One cache line: an event of one goroutine among many is one miss.
struct alignas(64) Goroutine {
  std::uint64_t goid = 0;          // 0 = empty slot; no goroutine but g0 has it
  std::uint64_t since_ns = 0;      // in `state` since
  std::uint64_t last_ns = 0;       // last event, 0 = none
  std::uint64_t created_ns = 0;    // or first seen
  std::uint64_t wait_from_ns = 0;  // start of the open wait, or a lower bound of it
  std::uint32_t row = kNone, site = kNone, object = kNone;
  std::uint32_t epoch = 0;  // of the model; behind it = lost in a gap, see Model::Impl::settle
  std::uint16_t look =
      0;  // number of the last snapshot that had it, from 1 on; the next look ends who has it not
  std::uint16_t flags = 0;
  std::uint32_t born : 24 = Lineage::kNoNode;
  GState state : 8 = GState::kUnknown;

  [[nodiscard]] bool has(unsigned flag) const { return (flags & flag) != 0; }
  void set(unsigned flag) { flags = static_cast<std::uint16_t>(flags | flag); }
  void set_born(std::uint32_t node) { born = node & Lineage::kNoNode; }
  void drop(unsigned flag) { flags = static_cast<std::uint16_t>(flags & ~flag); }
};
static_assert(sizeof(Goroutine) == 64);

class GoroutineTable {
 public:
  GoroutineTable();

  [[nodiscard]] Goroutine* find(std::uint64_t goid) {
    for (std::size_t i = home(goid);; i = (i + 1) & mask_) {
      if (slots_[i].goid == goid) return &slots_[i];
      if (slots_[i].goid == 0) return nullptr;
    }
  }
  // Brings the place of a goroutine that will be looked up soon into the cache.
  void prefetch(std::uint64_t goid) const {
    const std::size_t at = home(goid);
    __builtin_prefetch(&slots_[at]);
    __builtin_prefetch(&slots_[(at + 1) & mask_]);  // where half of those live that are not at home
  }
  Goroutine& insert(std::uint64_t goid);  // must not be in
  void erase(std::uint64_t goid);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Goroutine); }

  template <typename Visit>
  void each(const Visit& visit) const {
    for (const Goroutine& g : slots_) {
      if (g.goid != 0) visit(g);
    }
  }
  template <typename Visit>
  void each(const Visit& visit) {
    for (Goroutine& g : slots_) {
      if (g.goid != 0) visit(g);
    }
  }

 private:
  [[nodiscard]] std::size_t home(std::uint64_t goid) const { return hash_(goid) & mask_; }
  void resize(std::size_t slots);

  std::vector<Goroutine> slots_;
  std::size_t mask_ = 0, size_ = 0;
  SeededHash hash_;
};

}  // namespace gorotrace
