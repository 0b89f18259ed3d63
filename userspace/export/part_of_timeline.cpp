#include "export/part_of_timeline.h"

#include <algorithm>

namespace gorotrace {

Status PartOfTimeline::begins(std::uint64_t at_ns) {
  since_ns_ = at_ns;
  known_.clear();
  marking_ = false;
  stopped_.reset();
  told_ = at_ns >= part_.from_ns && at_ns < part_.to_ns;
  any_ = any_ || told_;
  return told_ ? to_.begins(at_ns) : Status{};
}

Status PartOfTimeline::begin_part() {
  if (since_ns_ >= part_.to_ns) return {};
  told_ = any_ = true;
  if (auto begun = to_.begins(part_.from_ns); !begun) return begun;
  for (const auto& [goid, known] : known_) {
    if (auto told = to_.stands(known.standing); !told) return told;
    if (!known.left) continue;
    auto left = to_.step(
        {.kind = StepKind::kSyscallLeft, .at_ns = part_.from_ns, .goid = goid, .tid = known.standing.tid});
    if (!left) return left;
  }
  known_.clear();
  if (marking_) {
    if (auto told = to_.step({.kind = StepKind::kCollectionStands, .at_ns = part_.from_ns}); !told)
      return told;
  }
  if (!stopped_) return {};
  stopped_->at_ns = part_.from_ns;
  stopped_->reason = stopped_reason_;
  return to_.step(*stopped_);
}

Status PartOfTimeline::stands(const StandingGoroutine& standing) {
  if (told_) return to_.stands(standing);
  known_.insert_or_assign(standing.goid, Known{standing});
  return {};
}

// One that comes late is told as of the begin: it is the next thing that its goroutine does.
Status PartOfTimeline::step(const Step& step) {
  if (!told_ && step.at_ns >= part_.from_ns) {
    if (auto begun = begin_part(); !begun) return begun;
  }
  if (!told_) {
    follow(step);
    return {};
  }
  if (step.at_ns >= part_.to_ns) return {};
  Step told = step;
  told.at_ns = std::max(told.at_ns, part_.from_ns);
  return to_.step(told);
}

Status PartOfTimeline::ends(std::uint64_t at_ns, std::uint64_t lost) {
  if (!told_ && at_ns > part_.from_ns) {
    if (auto begun = begin_part(); !begun) return begun;
  }
  if (!told_) return {};
  told_ = false;
  return to_.ends(std::clamp(at_ns, part_.from_ns, part_.to_ns), lost);
}

void PartOfTimeline::follow_pause(const Step& step) {
  if (step.kind == StepKind::kWorldStops) {
    stopped_ = step;
    stopped_reason_ = step.reason;
  } else if (step.kind == StepKind::kWorldStarts) {
    stopped_.reset();
  } else {
    marking_ = step.kind != StepKind::kCollectionEnds;
  }
}

void PartOfTimeline::follow(const Step& step) {
  if (is_instant(step.kind)) return;
  if (is_pause(step.kind)) return follow_pause(step);
  if (step.kind == StepKind::kEnd || step.kind == StepKind::kEndOnThread) {
    known_.erase(step.goid);
    return;
  }
  Known& known = known_[step.goid];
  StandingGoroutine& now = known.standing;
  now.goid = step.goid;
  if (step.kind == StepKind::kSyscallLeft) {
    known.left = true;
    now.tid = step.tid;
    return;
  }
  known.left = false;
  now.tid = 0;
  now.stack = 0;
  now.reason = {};
  switch (step.kind) {
    case StepKind::kCreate:
    case StepKind::kCreateBlocked:
      now.startpc = step.startpc;
      now.gopc = step.gopc;
      now.state = step.kind == StepKind::kCreate ? GState::kRunnable : GState::kWaiting;
      now.reason = step.reason;
      return;
    case StepKind::kBlock:
      now.state = GState::kWaiting;
      now.stack = step.stack;
      now.reason = step.reason;
      return;
    case StepKind::kUnblock:
    case StepKind::kStop:
    case StepKind::kSyscallEndBlocked:
      now.state = GState::kRunnable;
      return;
    case StepKind::kStart:
    case StepKind::kSyscallEnd:
      now.state = GState::kRunning;
      now.tid = step.tid;
      return;
    case StepKind::kSyscallBegin:
    case StepKind::kCreateOnThread:
      now.state = GState::kSyscall;
      now.tid = step.tid;
      return;
    case StepKind::kSyscallLeft:
    case StepKind::kEnd:
    case StepKind::kEndOnThread:
    case StepKind::kWorldStops:
    case StepKind::kWorldStarts:
    case StepKind::kCollectionStands:
    case StepKind::kCollectionBegins:
    case StepKind::kCollectionEnds:
    case StepKind::kPanics:
    case StepKind::kDies:
      return;
  }
}

Status PartOfTimeline::finish() const {
  if (any_) return {};
  return fail(ErrorKind::kUsage,
              "the recording has nothing in that part of its time of which a trace could tell");
}

}  // namespace gorotrace
