// For which semaphore a goroutine waits now: it may have begun since its waits were read. Threads: one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "waits/semtable.h"
#include "waits/waiter.h"

namespace gorotrace::waits {

class WaitsNow {
 public:
  explicit WaitsNow(const Context& context);

  // Whether these words are of one that waits for some semaphore.
  [[nodiscard]] bool on_semaphore(const GWords& words) const;
  // Which one; 0: none, or not known.
  [[nodiscard]] std::uint64_t semaphore(std::uint64_t g, const GWords& words);
  // What was read is of the past.
  void forget() { table_.reset(); }

 private:
  const Context& context_;
  const std::vector<Reason> reasons_;
  std::optional<Semtable> table_;
};

}  // namespace gorotrace::waits
