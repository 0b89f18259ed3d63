// Binaries that several processes run, each parsed and held once: by the file's identity, which is what
// decides that its bytes are the same. Not by its build id: that is a claim of the file, and one that lies
// would lend its symbols to another's processes. (So the same image layer under two overlays, two devices, is
// held twice.) Nothing is kept that nobody uses.
// Threads: any.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "golang/binary.h"
#include "golang/metrics_layout.h"
#include "probe/plan.h"
#include "symbols/frame_table.h"

namespace gorotrace {

class SharedBinary {
 public:
  explicit SharedBinary(std::unique_ptr<GoBinary> go)
      : go_(std::move(go)), frames_(pclntab_lookup(go_->pclntab())) {}

  [[nodiscard]] const GoBinary& go() const { return *go_; }
  [[nodiscard]] FrameTable& frames() { return frames_; }
  // make_plan, computed at the first call and whenever the costs are others than the last time.
  [[nodiscard]] Result<Plan> plan(const TrapCosts& costs);
  // find_metrics_layout, found at the first call (some 10 ms).
  [[nodiscard]] const Result<MetricsLayout>& metrics_layout();

 private:
  std::unique_ptr<GoBinary> go_;
  FrameTable frames_;
  std::mutex plan_mutex_;
  std::optional<std::pair<TrapCosts, Plan>> plan_;
  std::once_flag layout_once_;
  std::optional<Result<MetricsLayout>> layout_;
};

class BinaryCache {
 public:
  // As GoBinary::open; the one that is in use already if the file is as it was when that was opened.
  [[nodiscard]] Result<std::shared_ptr<SharedBinary>> open(const std::string& path,
                                                           OffsetsFrom from = OffsetsFrom::kBest);
  [[nodiscard]] std::size_t size() const;  // in use

 private:
  using Key = std::pair<FileIdentity, OffsetsFrom>;
  [[nodiscard]] std::shared_ptr<SharedBinary> find(const Key& key);

  mutable std::mutex mutex_;
  std::map<Key, std::weak_ptr<SharedBinary>> binaries_;
};

}  // namespace gorotrace
