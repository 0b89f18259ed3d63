#include "snapshot/allgs_cache.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "snapshot/user_address.h"

namespace gorotrace {
namespace {

void drop_nonsense(std::span<std::uint64_t> pointers) {
  for (std::uint64_t& g : pointers) {
    if (!may_be_pointer(g)) g = 0;
  }
}

}  // namespace

AllgsCache::AllgsCache(const Memory& memory, std::uint64_t allgs_address, const AllgsLimits& limits)
    : memory_(memory), address_(allgs_address), limits_(limits) {}

Status AllgsCache::refresh() {
  const auto header = memory_.value<std::array<std::uint64_t, 3>>(address_);
  if (!header)
    return fail(ErrorKind::kNoProcess, "runtime.allgs cannot be read: the process is gone or replaced");
  const auto [data, length, capacity] = *header;
  if (length == pointers_.size()) return {};
  const std::size_t known = pointers_.size();
  if (known != 0 && length > known && length <= capacity && length <= limits_.max_length && data % 8 == 0 &&
      plausible_goroutines(memory_, length, limits_.g_size) == length) {
    // The three words may come from both sides of an append that moved the slice: they count when they are
    // the same afterwards.
    std::vector<std::uint64_t> added(length - known);
    const std::span<std::uint8_t> to(reinterpret_cast<std::uint8_t*>(added.data()),
                                     added.size() * sizeof(std::uint64_t));
    const auto again = memory_.read(data + known * sizeof(std::uint64_t), to)
                           ? memory_.value<std::array<std::uint64_t, 3>>(address_)
                           : std::nullopt;
    if (again && (*again)[0] == data && (*again)[1] >= length) {
      drop_nonsense(added);
      pointers_.insert(pointers_.end(), added.begin(), added.end());
      return {};
    }
  }
  auto all = read_allgs(memory_, address_, limits_);
  if (!all) return std::unexpected(all.error());
  if (all->implausible != 0) {
    return fail(
        ErrorKind::kUnsupported,
        fmt::format("runtime.allgs claims {} goroutines, more than the process has memory for", length));
  }
  drop_nonsense(all->pointers);
  pointers_ = std::move(all->pointers);
  return {};
}

}  // namespace gorotrace
