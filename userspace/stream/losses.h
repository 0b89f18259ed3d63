// What was lost by the kernel, and between which moments, from the counts that come with the batches. An
// account of its own for each target: its losses taint nobody else. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/target_id.h"

namespace gorotrace {

// The kernel's count of dropped records of each live target, since its begin, and when they were read.
struct DropCounts {
  std::vector<std::pair<TargetId, std::uint64_t>> of;
  std::uint64_t at_ns = 0;          // between here ...
  std::uint64_t read_until_ns = 0;  // ... and here; 0 = at once
};

class Losses {
 public:
  struct Lost {
    std::optional<TargetId> target;  // nothing: any of them may be the one
    std::uint64_t from_ns, to_ns, count;
  };
  // `missing`: sequence numbers that have not come; the counts stand for them.
  [[nodiscard]] std::vector<Lost> take(const DropCounts& counts, std::uint64_t missing);
  // The kernel was not asked: what is missing is lost between two watermarks.
  [[nodiscard]] std::optional<Lost> take_holes(std::uint64_t missing, std::uint64_t from_ns,
                                               std::uint64_t to_ns);

 private:
  std::unordered_map<TargetId, std::uint64_t> charged_;  // lost records that a loss stands for already
  std::uint64_t charged_holes_ = 0;
  std::uint64_t clean_until_ns_ = 0;  // all counts were as they are charged then
};

}  // namespace gorotrace
