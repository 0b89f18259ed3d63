#include "symbols/outside_code.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace gorotrace {
namespace {

// Code is made while we look: what is not found is looked for again, this often in all.
constexpr int kReads = 16;
constexpr std::size_t kShown = 256;

}  // namespace

std::optional<OutsideCode::Place> OutsideCode::find(std::uint64_t pc) {
  const Mapping* found = mapping(pc);
  if (found == nullptr && reads_ < kReads) {
    ++reads_;
    if (auto mappings = process_.mappings()) mappings_ = *std::move(mappings);
    found = mapping(pc);
  }
  if (found == nullptr) return std::nullopt;
  if (found->path.empty()) return Place{"[jit]", "", found->start};
  if (found->path.starts_with('[')) return Place{printable(found->path, kShown), "", found->start};
  const std::string path = printable(found->path, kShown);
  return Place{"[" + path.substr(path.rfind('/') + 1) + "]", path, found->start - found->file_offset};
}

const Mapping* OutsideCode::mapping(std::uint64_t pc) const {
  const auto at = std::ranges::find_if(
      mappings_, [&](const Mapping& m) { return m.executable && pc >= m.start && pc < m.end; });
  return at == mappings_.end() ? nullptr : &*at;
}

}  // namespace gorotrace
