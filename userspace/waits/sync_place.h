// Which object of package sync a semaphore is part of, from the functions on the stack of one that waits for
// it. Up to Go 1.19 the wait reason does not say, and it never tells a mutex from that inside of an RWMutex
// or a Once. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "waits/wait_object.h"

namespace gorotrace {

struct SyncPlace {
  SyncKind kind = SyncKind::kSemaphore;
  std::uint32_t semaphore_at = 0;  // offset of the semaphore in the object
  // Of a writer of an RWMutex: it waits for the mutex that keeps other writers out, not for readers to go.
  bool behind_writer = false;
};

class SyncFunctions {
 public:
  void add(std::string_view function);  // of the next frame, leaf first
  void add(SyncFunctions next);         // of the frames above
  [[nodiscard]] bool decided() const;   // what lies above does not matter
  [[nodiscard]] SyncPlace place(std::string_view wait_reason) const;

 private:
  std::uint32_t met_ = 0;
};

}  // namespace gorotrace
