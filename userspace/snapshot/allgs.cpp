#include "snapshot/allgs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

namespace gorotrace {
namespace {

struct SliceHeader {
  std::uint64_t data, length, capacity;
  bool operator==(const SliceHeader&) const = default;
};

constexpr int kTries = 8;
// Believed without a look at the process's memory. Beyond that it may have twice of what its memory holds,
// for its pages are not counted to the last one.
constexpr std::uint64_t kAlwaysPlausible = 1u << 16, kSlack = 2;
constexpr std::size_t kPointersPerRange = 64 * 1024 / sizeof(std::uint64_t);

bool read_pointers(const Memory& memory, std::uint64_t address, std::vector<std::uint64_t>& out) {
  std::vector<Memory::Range> ranges;
  for (std::size_t i = 0; i < out.size(); i += kPointersPerRange) {
    const auto part = std::span(out).subspan(i, std::min(kPointersPerRange, out.size() - i));
    ranges.push_back({address + i * sizeof(std::uint64_t),
                      {reinterpret_cast<std::uint8_t*>(part.data()), part.size_bytes()}});
  }
  std::vector<bool> failed;
  return memory.read_many(ranges, failed) && std::find(failed.begin(), failed.end(), true) == failed.end();
}

}  // namespace

std::uint64_t plausible_goroutines(const Memory& memory, std::uint64_t claimed, std::size_t g_size) {
  if (claimed <= kAlwaysPlausible) return claimed;
  const auto used = memory.used_bytes();
  if (!used) return claimed;
  const std::uint64_t room = *used / std::max<std::size_t>(g_size, 1);
  return std::min(claimed, std::max(kAlwaysPlausible, room * kSlack));
}

Result<Allgs> read_allgs(const Memory& memory, std::uint64_t allgs_address, const AllgsLimits& limits) {
  Allgs out;
  std::optional<SliceHeader> before;
  for (int i = 0; i < kTries; ++i) {
    before = memory.value<SliceHeader>(allgs_address);
    if (!before)
      return fail(ErrorKind::kNoProcess, "runtime.allgs cannot be read: the process is gone or replaced");
    // Three plain stores of append(): a torn look is told by looking again below.
    if (before->length > before->capacity || before->length == 0 || before->data % 8 != 0) continue;
    if (before->length > limits.max_length) {
      return fail(ErrorKind::kUnsupported,
                  fmt::format("runtime.allgs claims {} goroutines, more than the {} we read", before->length,
                              limits.max_length));
    }
    const std::uint64_t plausible = plausible_goroutines(memory, before->length, limits.g_size);
    out.implausible = before->length - plausible;
    out.pointers.assign(std::min<std::size_t>(plausible, limits.first), 0);
    const bool complete = read_pointers(memory, before->data, out.pointers);
    const auto after = memory.value<SliceHeader>(allgs_address);
    if (complete && after && after->data == before->data && after->length >= before->length) return out;
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("runtime.allgs is not a slice of goroutines: data {:#x}, length {}, capacity {}",
                          before->data, before->length, before->capacity));
}

}  // namespace gorotrace
