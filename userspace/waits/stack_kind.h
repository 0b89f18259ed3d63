// Which object of package sync each goroutine of a snapshot waits in.
#pragma once

#include "base/seeded_hash.h"
#include "waits/sync_place.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

class StackKinds {
 public:
  explicit StackKinds(const Context& context) : context_(context) {}

  [[nodiscard]] SyncPlace of(const Waiter& waiter);

 private:
  [[nodiscard]] SyncFunctions functions_at(std::uint64_t pc);

  const Context& context_;
  SeededMap<std::uint64_t, SyncFunctions> known_;
};

}  // namespace gorotrace::waits
