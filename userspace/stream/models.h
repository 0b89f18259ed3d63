// The models of a stream's targets, fed by its items. The same items give the same tables, whether they come
// from a router or from where a stream was kept. Pure, not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "sampling/estimator.h"
#include "stream/item.h"

namespace gorotrace {

struct Checkpoint;  // stream/checkpoint.h

class Models {
 public:
  struct Of {
    std::shared_ptr<const TargetBegun> begun;
    std::unique_ptr<Model> model;
    std::uint64_t end_ns = ~std::uint64_t{0};  // of its window; the end of time while it is open
    Estimator estimator;
    bool lifecycle_probed = false;
    // As they were told last.
    std::optional<RuntimeCounters> counters;
    std::optional<CostCharged> cost;

    // As of a moment, and without rows.
    [[nodiscard]] Tables tables(std::uint64_t at_ns) const { return estimator.over(model->tables(at_ns)); }
    [[nodiscard]] Tables totals(std::uint64_t at_ns) const {
      return estimator.over_totals(model->totals(at_ns), lifecycle_probed);
    }
  };
  // keep_waits: for take_waits().
  explicit Models(bool keep_waits = false) : keep_waits_(keep_waits) {}

  void apply(const Item& item);
  // A target that has begun, and of which nothing was told but the stacks that the checkpoint names, goes on
  // from there. Error: the checkpoint is not one (Model::restore), or the target has not begun; then there is
  // no such target any more.
  [[nodiscard]] Status restore(TargetId target, const Checkpoint& checkpoint);
  // The records of an item from `at` on that lie before limit_ns. The first that was left.
  std::size_t apply_below(const Item& item, std::size_t at, std::uint64_t limit_ns);
  // What ended since the last call, of one target after the other.
  void take_waits(const std::function<void(TargetId, const Of&, std::vector<Wait>)>& take);

  [[nodiscard]] const std::unordered_map<TargetId, Of>& all() const { return models_; }
  [[nodiscard]] std::uint64_t advanced_ns() const { return advanced_ns_; }

 private:
  bool keep_waits_;
  std::unordered_map<TargetId, Of> models_;
  std::uint64_t advanced_ns_ = 0;
};

}  // namespace gorotrace
