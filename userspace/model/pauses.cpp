#include "model/pauses.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gorotrace {
namespace {

// runtime/proc.go stwReasonStrings of Go 1.21 to 1.27.
constexpr std::array kReasons{
    "unknown",
    "GC mark termination",
    "GC sweep termination",
    "write heap dump",
    "goroutine profile",
    "goroutine profile cleanup",
    "all goroutines stack trace",
    "read mem stats",
    "AllThreadsSyscall",
    "GOMAXPROCS",
    "start trace",
    "stop trace",
    "CountPagesInUse (test)",
    "ReadMetricsSlow (test)",
    "ReadMemStatsSlow (test)",
    "PageCachePagesLeaked (test)",
    "ResetDebugLog (test)",
};

std::uint64_t past(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

bool says_something(const PauseRow& row) {
  return row.times.count() > 0 || row.in_window_ns > 0;
}

}  // namespace

std::string stw_reason_name(std::uint8_t reason) {
  if (reason < kReasons.size()) return kReasons[reason];
  return reason == GT_NO_REASON ? kReasons[0] : fmt::format("reason {}", reason);
}

PauseTables between(const PauseTables& before, PauseTables now, std::uint64_t before_ns) {
  for (PauseRow& row : now.rows) {
    const auto was = std::ranges::find(before.rows, row.reason, &PauseRow::reason);
    if (was == before.rows.end()) continue;
    row.times.subtract(was->times);
    row.in_window_ns = past(row.in_window_ns, was->in_window_ns);
  }
  std::erase_if(now.rows, [](const PauseRow& row) { return !says_something(row); });
  now.collections.subtract(before.collections);
  now.marking_ns = past(now.marking_ns, before.marking_ns);
  now.tainted = past(now.tainted, before.tainted);
  now.collections_tainted = past(now.collections_tainted, before.collections_tainted);
  const auto over = [before_ns](const PauseSpan& span) { return span.to_ns <= before_ns; };
  std::erase_if(now.spans, over);
  std::erase_if(now.marking, over);
  return now;
}

void Pauses::apply(const gt_record& r, bool lasting) {
  switch (r.hook) {
    case GT_HOOK_STW_BEGIN:
      return begin_pause(r, lasting);
    case GT_HOOK_STW_END:
      return end_pause(r.time_ns);
    case GT_HOOK_GC_BEGIN:
      return begin_collection(r.time_ns, lasting);
    case GT_HOOK_GC_END:
      return end_collection(r.time_ns);
    default:
      return;
  }
}

void Pauses::begin_pause(const gt_record& r, bool lasting) {
  if (pause_) taint_pause(r.time_ns);  // its end went unseen: two never overlap (runtime.worldsema)
  std::uint8_t reason = r.detail;
  // gcStart holds worldsema from before the collection's beginning until the world goes on, so the first
  // pause of a collection is its own.
  if (collection_ && !collection_->paused && r.time_ns >= collection_->since_ns) {
    collection_->paused = true;
    if (reason == GT_NO_REASON) reason = kStwSweepTermination;
  }
  if (lasting) pause_ = {r.time_ns, reason};
}

void Pauses::end_pause(std::uint64_t at_ns) {
  if (!pause_ || at_ns < pause_->since_ns) {
    ++tainted_;
    return;
  }
  const auto [since_ns, reason] = *pause_;
  pause_.reset();
  Row& row = rows_[reason];
  row.times.add(at_ns - since_ns);
  row.seen_ns += at_ns - since_ns;
  // In order, whatever stragglers say.
  const std::uint64_t from_ns = std::max(since_ns, last_end_ns_);
  if (at_ns <= from_ns) return;
  sum_ns_ += at_ns - from_ns;
  last_end_ns_ = at_ns;
  spans_.push_back({{from_ns, at_ns, reason}, sum_ns_});
  if (spans_.size() > kMaxSpans) spans_.pop_front();
}

void Pauses::begin_collection(std::uint64_t at_ns, bool lasting) {
  // With GODEBUG=gccheckmark mark termination calls the same function once more.
  if (pause_) return;
  if (collection_) taint_collection(at_ns);
  if (lasting) collection_ = {at_ns, false};
}

void Pauses::end_collection(std::uint64_t at_ns) {
  // gcMarkTermination runs while the world stands still.
  if (pause_ && pause_->reason == GT_NO_REASON) pause_->reason = kStwMarkTermination;
  if (!collection_ || at_ns < collection_->since_ns) {
    ++collections_tainted_;
    return;
  }
  const std::uint64_t since_ns = collection_->since_ns;
  collection_.reset();
  collections_.times.add(at_ns - since_ns);
  collections_.seen_ns += at_ns - since_ns;
  marking_.push_back({since_ns, at_ns, 0});
  if (marking_.size() > kMaxSpans) marking_.pop_front();
}

void Pauses::taint_pause(std::uint64_t at_ns) {
  rows_[pause_->reason].seen_ns += past(at_ns, pause_->since_ns);
  pause_.reset();
  ++tainted_;
}

void Pauses::taint_collection(std::uint64_t at_ns) {
  collections_.seen_ns += past(at_ns, collection_->since_ns);
  collection_.reset();
  ++collections_tainted_;
}

void Pauses::forget(std::uint64_t at_ns) {
  if (pause_) taint_pause(at_ns);
  if (collection_) taint_collection(at_ns);
}

std::uint64_t Pauses::stopped_within(std::uint64_t from_ns, std::uint64_t to_ns) const {
  // All that was stopped until then, as far as spans are kept.
  const auto until = [this](std::uint64_t ns) {
    const auto next = std::ranges::upper_bound(spans_, ns, {}, [](const Span& s) { return s.what.to_ns; });
    if (next == spans_.end()) return sum_ns_;
    const std::uint64_t not_yet = next->what.to_ns - std::max(ns, next->what.from_ns);
    return next->sum_ns - not_yet;
  };
  std::uint64_t out = past(until(to_ns), until(from_ns));
  if (pause_) out += past(to_ns, std::max(from_ns, pause_->since_ns));
  return out;
}

PauseTables Pauses::totals(std::uint64_t at_ns) const {
  PauseTables out;
  for (const auto& [reason, row] : rows_) {
    const std::uint64_t open = pause_ && pause_->reason == reason ? past(at_ns, pause_->since_ns) : 0;
    PauseRow& r = out.rows.emplace_back();
    r.reason = reason;
    r.times = row.times;
    r.in_window_ns = past(row.seen_ns + open, row.before_ns);
  }
  if (pause_) {
    out.stopped_since_ns = pause_->since_ns;
    if (!rows_.contains(pause_->reason)) {
      PauseRow row;
      row.reason = pause_->reason;
      row.in_window_ns = past(at_ns, pause_->since_ns);
      out.rows.insert(std::ranges::upper_bound(out.rows, row.reason, {}, &PauseRow::reason), row);
    }
  }
  std::erase_if(out.rows, [](const PauseRow& row) { return !says_something(row); });
  const std::uint64_t open = collection_ ? past(at_ns, collection_->since_ns) : 0;
  if (collection_) out.marking_since_ns = collection_->since_ns;
  out.collections = collections_.times;
  out.marking_ns = past(collections_.seen_ns + open, collections_.before_ns);
  out.tainted = tainted_;
  out.collections_tainted = collections_tainted_;
  return out;
}

PauseTables Pauses::tables(std::uint64_t at_ns) const {
  PauseTables out = totals(at_ns);
  for (const Span& span : spans_) {
    if (span.what.to_ns > from_ns_) out.spans.push_back(span.what);
  }
  for (const PauseSpan& span : marking_) {
    if (span.to_ns > from_ns_) out.marking.push_back(span);
  }
  return out;
}

OpenPauses Pauses::open(std::uint64_t waits_since_ns) const {
  OpenPauses out{.pause = pause_, .collection = collection_, .spans = {}};
  for (const Span& span : spans_) {
    if (span.what.to_ns > waits_since_ns || &span == &spans_.back()) out.spans.push_back(span.what);
  }
  return out;
}

Status Pauses::restore(const OpenPauses& open, std::uint64_t at_ns) {
  from_ns_ = at_ns;
  for (const PauseSpan& span : open.spans) {
    if (span.from_ns < last_end_ns_ || span.to_ns <= span.from_ns || spans_.size() >= kMaxSpans)
      return fail(ErrorKind::kFailed, "the checkpoint contradicts itself: pauses overlap, or are too many");
    sum_ns_ += span.to_ns - span.from_ns;
    last_end_ns_ = span.to_ns;
    spans_.push_back({span, sum_ns_});
  }
  pause_ = open.pause;
  collection_ = open.collection;
  if (pause_) rows_[pause_->reason].before_ns = past(at_ns, pause_->since_ns);
  if (collection_) collections_.before_ns = past(at_ns, collection_->since_ns);
  return {};
}

std::size_t Pauses::memory_bytes() const {
  std::size_t out =
      spans_.size() * sizeof(Span) + marking_.size() * sizeof(PauseSpan) + collections_.times.memory_bytes();
  for (const auto& [reason, row] : rows_) out += sizeof(row) + row.times.memory_bytes();
  return out;
}

}  // namespace gorotrace
