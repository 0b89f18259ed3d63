// When the world stood still, and collections: their places among the steps of goroutines.
#include <algorithm>
#include <utility>

#include "export/timeline.h"
#include "model/pause_tables.h"

namespace gorotrace {

void Timeline::forget_pauses() {
  stopped_.reset();
  marking_ = marking_paused_ = false;
  all_collections_seen_ = on_[GT_GROUP_GC];
}

Status Timeline::collection_stands() {
  marking_ = true;
  all_collections_seen_ = false;
  return visitor_.step({.kind = StepKind::kCollectionStands, .at_ns = from_ns_});
}

Status Timeline::cut_pauses(std::uint64_t at_ns) {
  all_collections_seen_ = false;
  if (!in_stretch_) return {};
  gt_record r{};
  r.time_ns = at_ns;
  if (stopped_) {
    r.goid = stopped_->goid;
    r.tid = stopped_->tid;
    if (auto told = world_starts(r); !told) return told;
  }
  if (!std::exchange(marking_, false)) return {};
  return step(StepKind::kCollectionEnds, r);
}

Status Timeline::world_starts(const gt_record& r) {
  pause_reason_ = stw_reason_name(stopped_->reason);
  stopped_.reset();
  return step(StepKind::kWorldStarts, r, pause_reason_);
}

Status Timeline::pause(const gt_record& r) {
  if (!on_[GT_GROUP_GC] || r.time_ns >= end_ns_) return {};
  if (auto begun = begin_if_due(r.time_ns); !begun) return begun;
  now_ns_ = std::max(now_ns_, r.time_ns);
  if (!in_stretch_ || r.time_ns < from_ns_) return {};
  if (r.goid != 0) {
    if (auto told = runs_now(r.goid, r.tid); !told) return told;
  }
  switch (r.hook) {
    case GT_HOOK_STW_BEGIN: {
      if (stopped_) {
        if (auto told = world_starts(r); !told) return told;  // its end went unseen
      }
      std::uint8_t reason = r.detail;
      const bool first = marking_ && !std::exchange(marking_paused_, true);
      if (first && reason == GT_NO_REASON) reason = kStwSweepTermination;  // as Pauses has it
      stopped_ = {r.goid, r.tid, reason};
      pause_reason_ = reason == GT_NO_REASON ? std::string() : stw_reason_name(reason);
      return step(StepKind::kWorldStops, r, pause_reason_);
    }
    case GT_HOOK_STW_END:
      return stopped_ ? world_starts(r) : Status{};
    case GT_HOOK_GC_BEGIN:
      if (stopped_) return {};  // gccheckmark
      if (std::exchange(marking_, true)) {
        if (auto told = step(StepKind::kCollectionEnds, r); !told) return told;
      }
      marking_paused_ = all_collections_seen_ = false;
      return step(StepKind::kCollectionBegins, r);
    default: {
      if (stopped_ && stopped_->reason == GT_NO_REASON) stopped_->reason = kStwMarkTermination;
      if (!marking_ && !all_collections_seen_) return {};
      if (!marking_) {
        if (auto told = collection_stands(); !told) return told;
      }
      marking_ = false;
      return step(StepKind::kCollectionEnds, r);
    }
  }
}

}  // namespace gorotrace
