#include "model/creation_rows.h"

#include <algorithm>
#include <utility>

namespace gorotrace {

void CreationRows::describe(std::uint64_t startpc, bool system) {
  if (system_.size() < kMaxRows) system_.emplace(startpc, system);
}

std::uint32_t CreationRows::row(std::uint64_t gopc, std::uint64_t startpc) {
  const std::uint64_t hash = index_.hash(gopc, startpc);
  const std::uint32_t found = index_.find(
      hash, [&](std::uint32_t i) { return rows_[i].gopc == gopc && rows_[i].startpc == startpc; });
  if (found != kNone || rows_.size() >= kMaxRows) return found;
  const auto made = static_cast<std::uint32_t>(rows_.size());
  CreationData& data = rows_.emplace_back();
  data.gopc = gopc;
  data.startpc = startpc;
  data.system = is_system(startpc);
  index_.insert(hash, made, [&](std::uint32_t i) { return index_.hash(rows_[i].gopc, rows_[i].startpc); });
  return made;
}

std::optional<bool> CreationRows::described_as(std::uint64_t startpc) {
  if (startpc == 0) return false;
  if (startpc == last_startpc_) return last_system_;
  const auto found = system_.find(startpc);
  if (found == system_.end()) return std::nullopt;
  last_startpc_ = startpc;
  last_system_ = found->second;
  return last_system_;
}

std::vector<std::uint64_t> CreationRows::system_starts() const {
  std::vector<std::uint64_t> out;
  for (const auto& [startpc, system] : system_) {
    if (system) out.push_back(startpc);
  }
  std::ranges::sort(out);
  return out;
}

std::uint16_t CreationRows::origin(std::uint32_t row, std::uint64_t key) {
  CreationData& data = rows_[row];
  if (data.last_origin < data.origins.size() && data.origins[data.last_origin].key == key)
    return data.last_origin;
  std::size_t i = 0;
  while (i < data.origins.size() && data.origins[i].key != key) ++i;
  if (i >= kMaxOrigins) return Lineage::kNoPlace;
  if (i == data.origins.size()) data.origins.emplace_back().key = key;
  data.last_origin = static_cast<std::uint16_t>(i);
  return data.last_origin;
}

std::size_t CreationRows::memory_bytes() const {
  std::size_t sum = rows_.capacity() * sizeof(CreationData) + index_.memory_bytes() +
                    system_.size() * 4 * sizeof(std::uint64_t);
  for (const CreationData& r : rows_) {
    sum += r.origins.capacity() * sizeof(OriginData);
    for (const OriginData& o : r.origins) sum += o.links.capacity() * sizeof(CreationLink);
  }
  return sum;
}

}  // namespace gorotrace
