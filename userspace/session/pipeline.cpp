#include "session/pipeline.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "capture/drop_reason.h"

namespace gorotrace {
namespace {

// `behind`: of those received, what the models had no room for.
EventFacts event_facts(std::uint64_t received, std::uint64_t behind, const CaptureCounters& kernel) {
  EventFacts e;
  e.received = received - std::min(received, behind);
  e.produced = kernel.produced;
  for (const auto& [reason, name] : kEnumNames<gt_drop>) e.dropped.emplace_back(name, kernel.dropped[reason]);
  e.dropped.emplace_back(kSinkBehind, behind);
  for (const auto& [reason, name] : kEnumNames<gt_stack_fail>)
    e.stack_failed.emplace_back(name, kernel.stack_failed[reason]);
  return e;
}

Result<Answer> of_one(Result<Answers> answers, TargetId target) {
  if (!answers) return std::unexpected(answers.error());
  const auto found = answers->find(target);
  if (found == answers->end()) return fail(ErrorKind::kFailed, "the target has no model");
  return std::move(found->second);
}

}  // namespace

Result<std::unique_ptr<Pipeline>> Pipeline::make(const CaptureOptions& options, LinkSharing::Options sharing,
                                                 WaitQueue* waits, ItemSink* sink) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(std::move(sharing), waits, sink));
  if (options.groups == 0) return pipeline;
  auto capture = Capture::make(options);
  if (!capture) return std::unexpected(capture.error());
  pipeline->capture_ = std::move(*capture);
  pipeline->reader_ = std::make_unique<RecordReader>(*pipeline->capture_, pipeline->router_);
  return pipeline;
}

Pipeline::Pipeline(LinkSharing::Options sharing, WaitQueue* waits, ItemSink* sink)
    : sharing_(std::move(sharing)),
      models_(waits),
      router_(sink == nullptr ? std::vector<ItemSink*>{&models_} : std::vector<ItemSink*>{&models_, sink}) {}

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
    // Nobody's drains tell the router that time has passed. Not beyond at_ns, or it would answer as of
    // later.
    router_.push({.rings = {}, .watermark_ns = at_ns, .dropped = std::nullopt});
  }
}

PendingAnswers Pipeline::ask(std::uint64_t at_ns, Ask what, std::vector<TargetId> targets) {
  catch_up(at_ns);
  return models_.ask_later(at_ns, what, std::move(targets));
}

Result<Tables> PendingTables::get(const std::stop_token& stop) {
  auto answer = of_one(answers_.get(stop), target_);
  if (!answer) return std::unexpected(answer.error());
  return *answer->tables;
}

PendingTables Pipeline::tables(TargetId target, std::uint64_t at_ns) {
  return {ask(at_ns, Ask::kTables, {target}), target};
}

PendingTables Pipeline::totals(TargetId target, std::uint64_t at_ns) {
  return {ask(at_ns, Ask::kTotals, {target}), target};
}

Result<OpenWaits> Pipeline::open_waits(TargetId target, std::uint64_t at_ns) {
  auto answer = of_one(ask(at_ns, Ask::kOpenWaits, {target}).get(), target);
  if (!answer) return std::unexpected(answer.error());
  return *answer->open;
}

Result<SeenCreations> Pipeline::creations(TargetId target, std::uint64_t at_ns) {
  auto answer = of_one(ask(at_ns, Ask::kCreations, {target}).get(), target);
  if (!answer) return std::unexpected(answer.error());
  return *answer->creations;
}

Result<StandingWaits> Pipeline::standing(TargetId target, std::uint64_t at_ns) {
  auto answer = of_one(ask(at_ns, Ask::kStanding, {target}).get(), target);
  if (!answer) return std::unexpected(answer.error());
  return *answer->standing;
}

std::uint64_t Pipeline::dropped(TargetId target) const {
  return (capture_ ? capture_->dropped(target) : 0) + models_.dropped(target);
}

// What was received was produced before, and what a sink lost was received: asked in this order, no more
// comes than went out.
EventFacts Pipeline::events(TargetId target) const {
  return events(target, models_.dropped(target));
}

EventFacts Pipeline::events(TargetId target, std::uint64_t dropped) const {
  const std::uint64_t received = router_.received(target), told = router_.told(target);
  if (!capture_) return {};
  EventFacts of = event_facts(received, dropped, capture_->counters(target));
  of.in_window = told - std::min(told, dropped);
  return of;
}

EventFacts Pipeline::events() const {
  const std::uint64_t behind = models_.dropped(), received = router_.counts().received;
  return capture_ ? event_facts(received, behind, capture_->counters()) : EventFacts{};
}

void Pipeline::hold() {
  if (reader_) reader_->hold();
}

void Pipeline::let_go() {
  if (reader_) reader_->let_go();
}

void Pipeline::close() {
  if (capture_) capture_->detach_all();
  const std::uint64_t deadline = monotonic_ns() + kSettleNs;
  while (events().on_their_way() != 0 && monotonic_ns() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  let_go();
}

}  // namespace gorotrace
