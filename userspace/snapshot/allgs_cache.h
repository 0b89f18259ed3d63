// The pointers of runtime.allgs, kept between looks: entries are appended and never change, so only growth is
// read (runtime/proc.go allgadd, 1.18-1.27). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "process/process.h"
#include "snapshot/allgs.h"

namespace gorotrace {

class AllgsCache {
 public:
  AllgsCache(const Memory& memory, std::uint64_t allgs_address, const AllgsLimits& limits);

  // Takes in what was appended since. Errors as read_allgs(), and kUnsupported when more is claimed than the
  // process can have.
  [[nodiscard]] Status refresh();
  // By slot; an entry that can be no pointer to a goroutine is 0.
  [[nodiscard]] std::span<const std::uint64_t> pointers() const { return pointers_; }

 private:
  const Memory& memory_;
  std::uint64_t address_;
  AllgsLimits limits_;
  std::vector<std::uint64_t> pointers_;
};

}  // namespace gorotrace
