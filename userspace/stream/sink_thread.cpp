#include "stream/sink_thread.h"

#include <algorithm>
#include <utility>

namespace gorotrace {
namespace {

struct Span {
  std::uint64_t from_ns, to_ns;
};

Span span_of(const Records& run) {
  Span span{run.records.front().time_ns, run.records.front().time_ns};
  for (const gt_record& record : run.records) {
    span.from_ns = std::min<std::uint64_t>(span.from_ns, record.time_ns);
    span.to_ns = std::max<std::uint64_t>(span.to_ns, record.time_ns);
  }
  return span;
}

}  // namespace

SinkThread::SinkThread(std::size_t max_bytes, std::function<void(const Batch&)> take,
                       std::function<void(std::uint64_t)> poked)
    : max_bytes_(max_bytes), take_(std::move(take)), poked_(std::move(poked)), thread_([this] { run(); }) {}

SinkThread::~SinkThread() {
  finish();
}

void SinkThread::finish() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    work_.notify_one();
  }
  thread_.join();
}

void SinkThread::push(std::shared_ptr<const Batch> batch) {
  const std::size_t bytes = bytes_of(*batch);
  const std::lock_guard lock(mutex_);
  for (const Item& item : batch->items) {
    if (!std::holds_alternative<TargetGone>(item.what)) continue;
    dropped_of_.erase(item.target);
    dropped_samples_of_.erase(item.target);
    open_samples_lost_.erase(item.target);
  }
  if (queued_bytes_ + bytes > max_bytes_ && !queue_.empty()) {
    add_what_must_not_go(*batch);
  } else {
    queue_late();
    queued_bytes_ += bytes;
    queue_.push_back({.batch = std::move(batch), .bytes = bytes});
  }
  work_.notify_one();
}

void SinkThread::queue_late() {
  if (late_.items.empty()) return;
  open_losses_.clear();
  open_samples_lost_.clear();
  auto late = std::make_shared<Batch>(std::exchange(late_, {}));
  const std::size_t bytes = bytes_of(*late);
  queued_bytes_ += bytes;
  queue_.push_back({.batch = std::move(late), .bytes = bytes});
}

void SinkThread::lose(const Item& item, const Records& run) {
  const Span span = span_of(run);
  const std::size_t count = run.records.size();
  dropped_ += count;
  dropped_of_[item.target] += count;
  const auto [open, fresh] = open_losses_.try_emplace(item.target, late_.items.size());
  if (fresh) {
    // After the item's time: the first of them is lost, too.
    late_.items.push_back(
        {item.target, span.from_ns - std::min<std::uint64_t>(span.from_ns, 1), Loss{span.to_ns, count}});
    return;
  }
  Loss& loss = std::get<Loss>(late_.items[open->second].what);
  loss.to_ns = std::max(loss.to_ns, span.to_ns);
  loss.count += count;
}

void SinkThread::lose_tick(const Item& item) {
  ++dropped_samples_of_[item.target];
  const auto [open, fresh] = open_samples_lost_.try_emplace(item.target, late_.items.size());
  if (fresh) {
    late_.items.push_back({item.target, item.at_ns, SamplesLost{1}});
  } else {
    ++std::get<SamplesLost>(late_.items[open->second].what).count;
  }
}

void SinkThread::add_what_must_not_go(const Batch& batch) {
  for (const Item& item : batch.items) {
    if (const auto* run = std::get_if<Records>(&item.what)) {
      lose(item, *run);
      continue;
    }
    if (std::holds_alternative<SampleTick>(item.what)) {
      lose_tick(item);
      continue;
    }
    const bool advanced = std::holds_alternative<Advanced>(item.what);
    if (advanced && !late_.items.empty() && std::holds_alternative<Advanced>(late_.items.back().what)) {
      late_.items.back() = item;  // the last one says it all
      continue;
    }
    late_.items.push_back(item);
    // A definition may stand before or behind a loss: what names it is lost.
    const bool indifferent =
        advanced || is_definition(item) || std::holds_alternative<SampleClasses>(item.what);
    if (indifferent) continue;
    open_losses_.erase(item.target);
    if (std::holds_alternative<SamplingEnded>(item.what)) open_samples_lost_.erase(item.target);
  }
}

std::uint64_t SinkThread::poke() {
  const std::lock_guard lock(mutex_);
  queue_late();
  if (queue_.empty() || queue_.back().batch != nullptr) queue_.push_back({});
  queue_.back().poke = ++pokes_;
  work_.notify_one();
  return pokes_;
}

std::uint64_t SinkThread::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

std::uint64_t SinkThread::dropped(TargetId target) const {
  const std::lock_guard lock(mutex_);
  const auto found = dropped_of_.find(target);
  return found == dropped_of_.end() ? 0 : found->second;
}

std::uint64_t SinkThread::dropped_samples(TargetId target) const {
  const std::lock_guard lock(mutex_);
  const auto found = dropped_samples_of_.find(target);
  return found == dropped_samples_of_.end() ? 0 : found->second;
}

void SinkThread::run() {
  for (;;) {
    Queued next;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return !queue_.empty() || !late_.items.empty() || stop_; });
      if (queue_.empty()) queue_late();
      if (queue_.empty()) return;
      next = std::move(queue_.front());
      queued_bytes_ -= next.bytes;
      queue_.pop_front();
    }
    if (next.batch) {
      take_(*next.batch);
    } else if (poked_) {
      poked_(next.poke);
    }
  }
}

}  // namespace gorotrace
