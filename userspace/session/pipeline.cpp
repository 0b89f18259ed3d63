#include "session/pipeline.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "capture/drop_reason.h"

namespace gorotrace {
namespace {
constexpr std::uint64_t kSettleNs = 500'000'000;
}

Result<std::unique_ptr<Pipeline>> Pipeline::make(const CaptureOptions& options) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline);
  if (options.groups == 0) return pipeline;
  auto capture = Capture::make(options);
  if (!capture) return std::unexpected(capture.error());
  pipeline->capture_ = std::move(*capture);
  pipeline->reader_ = std::make_unique<RecordReader>(*pipeline->capture_, pipeline->aggregator_);
  return pipeline;
}

Pipeline::~Pipeline() {
  if (capture_) capture_->detach_all();
}

TrapCosts Pipeline::trap_costs() const {
  return capture_ ? capture_->trap_costs() : TrapCosts{};
}

void Pipeline::catch_up(std::uint64_t at_ns) {
  if (reader_) {
    reader_->catch_up(at_ns);
  } else {
    // Nobody's drains tell the aggregator that time has passed. Not beyond at_ns, or it would answer as of
    // later.
    aggregator_.push({.rings = {}, .watermark_ns = at_ns, .dropped = std::nullopt});
  }
}

Tables Pipeline::tables(TargetSlot slot, std::uint64_t at_ns) {
  catch_up(at_ns);
  return aggregator_.tables(slot, at_ns);
}

Tables Pipeline::totals(TargetSlot slot, std::uint64_t at_ns) {
  catch_up(at_ns);
  return aggregator_.totals(slot, at_ns);
}

OpenWaits Pipeline::open_waits(TargetSlot slot, std::uint64_t at_ns) {
  catch_up(at_ns);
  return aggregator_.open_waits(slot, at_ns);
}

std::uint64_t Pipeline::dropped() const {
  return capture_ ? capture_->counters().dropped_total() : 0;
}

EventFacts Pipeline::events() const {
  EventFacts e;
  e.received = aggregator_.counts().received;
  if (!capture_) return e;
  const CaptureCounters kernel = capture_->counters();
  e.produced = kernel.produced;
  for (std::size_t i = 0; i < GT_DROP_COUNT; ++i) {
    e.dropped.emplace_back(drop_reason_name(static_cast<gt_drop>(i)), kernel.dropped[i]);
  }
  for (std::size_t i = 0; i < GT_STACK_FAIL_COUNT; ++i) {
    e.stack_failed.emplace_back(stack_fail_name(static_cast<gt_stack_fail>(i)), kernel.stack_failed[i]);
  }
  return e;
}

void Pipeline::hold() {
  if (reader_) reader_->hold();
}

void Pipeline::close() {
  if (!capture_) return;
  capture_->detach_all();
  const std::uint64_t deadline = monotonic_ns() + kSettleNs;
  while (events().on_their_way() != 0 && monotonic_ns() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  reader_->let_go();
}

}  // namespace gorotrace
