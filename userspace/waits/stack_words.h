// An object whose address only the goroutine's own stack holds: the runtime function that parked it keeps the
// pointer in its frame. A word is believed when what it points to says so.
#pragma once

#include <functional>

#include "base/seeded_hash.h"
#include "waits/batch.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

class StackWords {
 public:
  // bytes: `window` bytes at address. True when this is the object of w.
  using Accept = std::function<bool(Waiter& w, std::uint64_t address, Bytes bytes)>;
  StackWords(const Context& context, std::size_t window, Accept accept)
      : memory_(context.memory), window_(window), accept_(std::move(accept)), batch_(context.memory) {}

  // False when the process is gone. Those for which nothing was accepted stay as they are.
  [[nodiscard]] bool search(std::span<Waiter* const> waiters);

 private:
  [[nodiscard]] bool where_others_had_it(std::span<Waiter* const> waiters, std::vector<Waiter*>& left);
  [[nodiscard]] bool everywhere(Waiter& w);

  const Memory& memory_;
  const std::size_t window_;
  const Accept accept_;
  Batch batch_;
  // The same code parks every goroutine: bytes above SP where the last one with this pc had its pointer.
  SeededMap<std::uint64_t, std::uint64_t> slot_of_pc_;
};

}  // namespace gorotrace::waits
