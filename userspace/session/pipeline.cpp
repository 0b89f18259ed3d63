#include "session/pipeline.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "capture/drop_reason.h"

namespace gorotrace {
namespace {
constexpr std::uint64_t kSettleNs = 500'000'000;

EventFacts event_facts(std::uint64_t received, const CaptureCounters& kernel) {
  EventFacts e;
  e.received = received;
  e.produced = kernel.produced;
  for (std::size_t i = 0; i < GT_DROP_COUNT; ++i) {
    e.dropped.emplace_back(drop_reason_name(static_cast<gt_drop>(i)), kernel.dropped[i]);
  }
  for (std::size_t i = 0; i < GT_STACK_FAIL_COUNT; ++i) {
    e.stack_failed.emplace_back(stack_fail_name(static_cast<gt_stack_fail>(i)), kernel.stack_failed[i]);
  }
  return e;
}
}  // namespace

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

Tables Pipeline::tables(TargetId target, std::uint64_t at_ns) {
  catch_up(at_ns);
  return aggregator_.tables(target, at_ns);
}

Tables Pipeline::totals(TargetId target, std::uint64_t at_ns) {
  catch_up(at_ns);
  return aggregator_.totals(target, at_ns);
}

OpenWaits Pipeline::open_waits(TargetId target, std::uint64_t at_ns) {
  catch_up(at_ns);
  return aggregator_.open_waits(target, at_ns);
}

EventFacts Pipeline::events(TargetId target) const {
  // What was received was produced before: asked in this order, no more comes than went out.
  const std::uint64_t received = aggregator_.received(target);
  return capture_ ? event_facts(received, capture_->counters(target)) : EventFacts{};
}

EventFacts Pipeline::events() const {
  const std::uint64_t received = aggregator_.counts().received;
  return capture_ ? event_facts(received, capture_->counters()) : EventFacts{};
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
