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

Result<std::vector<std::uint64_t>> read_allgs(const Memory& memory, std::uint64_t allgs_address,
                                              std::size_t max_length, std::size_t limit) {
  std::vector<std::uint64_t> pointers;
  std::optional<SliceHeader> before;
  for (int i = 0; i < kTries; ++i) {
    before = memory.value<SliceHeader>(allgs_address);
    if (!before)
      return fail(ErrorKind::kNoProcess, "runtime.allgs cannot be read: the process is gone or replaced");
    // Three plain stores of append(): a torn look is told by looking again below.
    if (before->length > before->capacity || before->length == 0 || before->data % 8 != 0) continue;
    if (before->length > max_length) {
      return fail(ErrorKind::kUnsupported,
                  fmt::format("runtime.allgs claims {} goroutines, more than the {} we read", before->length,
                              max_length));
    }
    pointers.assign(std::min<std::size_t>(before->length, limit), 0);
    const bool complete = read_pointers(memory, before->data, pointers);
    const auto after = memory.value<SliceHeader>(allgs_address);
    if (complete && after && after->data == before->data && after->length >= before->length) return pointers;
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("runtime.allgs is not a slice of goroutines: data {:#x}, length {}, capacity {}",
                          before->data, before->length, before->capacity));
}

}  // namespace gorotrace
