#include "symbols/binary_cache.h"

#include <sys/stat.h>

#include <algorithm>

namespace gorotrace {

Result<Plan> SharedBinary::plan(const TrapCosts& costs) {
  const std::lock_guard lock(plan_mutex_);
  if (!plan_ || plan_->first != costs) {
    auto plan = make_plan(*go_, costs);
    if (!plan) return plan;
    plan_.emplace(costs, *std::move(plan));
  }
  return plan_->second;
}

const Result<MetricsLayout>& SharedBinary::metrics_layout() {
  std::call_once(layout_once_, [this] { layout_.emplace(find_metrics_layout(*go_)); });
  return *layout_;
}

std::shared_ptr<SharedBinary> BinaryCache::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto it = binaries_.find(key);
  return it == binaries_.end() ? nullptr : it->second.lock();
}

Result<std::shared_ptr<SharedBinary>> BinaryCache::open(const std::string& path, OffsetsFrom from) {
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0) {
    if (auto known = find({FileIdentity::of(st), from})) return known;
  }
  // Outside of the lock: of two that open the same file at once both parse it, and one is kept.
  auto go = GoBinary::open(path, from);
  if (!go) return std::unexpected(go.error());
  const Key key{(*go)->image().file().identity(), from};
  auto opened = std::make_shared<SharedBinary>(*std::move(go));
  const std::lock_guard lock(mutex_);
  std::erase_if(binaries_, [](const auto& entry) { return entry.second.expired(); });
  auto& kept = binaries_[key];
  if (auto first = kept.lock()) return first;
  kept = opened;
  return opened;
}

std::size_t BinaryCache::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(binaries_, [](const auto& entry) { return !entry.second.expired(); }));
}

}  // namespace gorotrace
