// A bounded list of (kind, stack) with counts: exact for the first kMaxWakers kinds of waker, the rest in one
// sum.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/model.h"

namespace gorotrace {

class Wakers {
 public:
  static constexpr std::size_t kMaxWakers = 32;
  void add(const std::optional<Waker>& waker);  // absent: not known
  void merge(const Wakers& from);
  [[nodiscard]] const std::vector<WakerRow>& all() const { return rows_; }
  // Most frequent first, at most `limit`; what is left out is added to *other.
  [[nodiscard]] std::vector<WakerRow> top(std::size_t limit, std::uint64_t* other) const;
  [[nodiscard]] std::size_t memory_bytes() const { return rows_.capacity() * sizeof(WakerRow); }

 private:
  std::vector<WakerRow> rows_;
  std::uint64_t other_ = 0;
};

// Who ends a wait when it is not a goroutine, judged by what was waited for (runtime/runtime2.go
// waitReasonStrings).
[[nodiscard]] WakerKind runtime_waker(const std::string& wait_reason);

}  // namespace gorotrace
