// Which object of package sync a goroutine waits in, from the functions on its stack. Up to Go 1.19 the wait
// reason does not say, and it never tells a mutex from that inside of an RWMutex.
#pragma once

#include <optional>

#include "base/seeded_hash.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

class StackKinds {
 public:
  explicit StackKinds(const Context& context) : context_(context) {}

  struct Kind {
    SyncKind kind = SyncKind::kSemaphore;
    std::uint32_t semaphore_at = 0;  // offset of the semaphore in the object
  };
  [[nodiscard]] Kind of(const Waiter& waiter);

 private:
  [[nodiscard]] std::uint32_t functions_at(std::uint64_t pc);  // bits of stack_kind.cpp

  const Context& context_;
  SeededMap<std::uint64_t, std::uint32_t> known_;
};

}  // namespace gorotrace::waits
