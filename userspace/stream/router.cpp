#include "stream/router.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/thread_name.h"
#include "stream/definer.h"
#include "stream/merge.h"
#include "stream/sequence.h"

namespace gorotrace {
namespace {

// A run goes on while nothing comes between its records; no longer than fits a core's cache twice.
constexpr std::size_t kMaxRun = 4096;
// Sampling ticks wait for whatever comes next (a batch of records, a question), so that looks at many idle
// targets do not wake two more threads each: this many of them, and none of this size.
constexpr std::size_t kMaxQuiet = 64, kQuietBytes = 4096;
constexpr std::size_t kMaxBatchRuns = 4;  // handed on then, so that sinks work beside the router

struct Begin {
  TargetId target;
  TargetBegun begun;
  std::shared_ptr<SourceGate> source;
};
struct Forget {
  TargetId target;
};

// One target, from its begin until it is forgotten.
struct Routed {
  Routed(TargetId id, std::shared_ptr<SourceGate> source, LatelyDefined& lately)
      : target(id), definer(id, std::move(source), lately) {}
  TargetId target;
  std::uint64_t end_ns = kEndOfTime;  // of its window
  std::uint64_t received = 0, told = 0;
  Definer definer;
  Records run;  // told with the next item of the target, or with the batch
  std::size_t last_run = 0;
};

}  // namespace

struct Router::Impl {
  // Shared, under mutex.
  std::mutex mutex;
  std::condition_variable work, room;
  std::deque<std::variant<RecordBatch, Item, Begin, Forget>> queue;
  std::size_t queued_batches = 0, quiet = 0;
  bool stop = false;
  std::unordered_map<TargetId, std::shared_ptr<SourceGate>> gates;
  struct Counted {
    std::uint64_t received = 0, told = 0;
  };
  std::unordered_map<TargetId, Counted> counted;
  std::atomic<std::uint64_t> received{0}, discarded{0}, holes{0};

  // The thread's own.
  std::vector<ItemSink*> sinks;
  LatelyDefined lately;
  std::vector<std::unique_ptr<Routed>> targets;  // by slot
  RunMerger merger;
  SequenceCheck sequence;
  Losses losses;
  std::list<Item> posts;  // by time, waiting for the watermark
  bool any_batch = false;
  std::uint64_t watermark = 0;  // records below are told
  Batch batch;                  // to be handed on
  std::size_t runs = 0;         // in it
  std::thread thread;

  void run();
  void take(RecordBatch& records);
  void take(Item& post);
  void take(Begin& begin);
  void take(Forget& forget);
  void note_loss(const Losses::Lost& lost);
  void insert(Item post);
  void tell_until(std::uint64_t limit_ns);
  void tell(const gt_record& record);
  void tell(Item post);
  void close_run(Routed& target);
  void hand_on();
  void publish_counts();
  [[nodiscard]] Routed* find(TargetId target);
  void enqueue(std::variant<RecordBatch, Item, Begin, Forget> what);
};

void Router::Impl::enqueue(std::variant<RecordBatch, Item, Begin, Forget> what) {
  const auto* item = std::get_if<Item>(&what);
  const bool can_wait =
      item != nullptr && std::holds_alternative<SampleTick>(item->what) && bytes_of(*item) < kQuietBytes;
  const std::lock_guard lock(mutex);
  queue.push_back(std::move(what));
  if (can_wait && ++quiet < kMaxQuiet) return;
  quiet = 0;
  work.notify_one();
}

void Router::Impl::run() {
  for (;;) {
    std::variant<RecordBatch, Item, Begin, Forget> next;
    {
      std::unique_lock lock(mutex);
      work.wait(lock, [&] { return !queue.empty() || stop; });
      if (queue.empty()) break;
      next = std::move(queue.front());
      queue.pop_front();
      if (std::holds_alternative<RecordBatch>(next)) {
        --queued_batches;
        room.notify_one();
      }
    }
    std::visit([this](auto& what) { take(what); }, next);
    hand_on();
  }
  tell_until(kEndOfTime);
  hand_on();
}

void Router::Impl::take(RecordBatch& records) {
  std::uint64_t n = 0, strangers = 0;
  for (const std::vector<gt_record>& ring : records.rings) {
    n += ring.size();
    for (const gt_record& record : ring) {
      sequence.see(record.cpu, record.seq);
      Routed* target = find(target_of(record));
      ++(target != nullptr ? target->received : strangers);
    }
  }
  if (n != 0) publish_counts();
  discarded.fetch_add(strangers, std::memory_order_relaxed);
  // Who finds all of them received finds them in the account of each target.
  received.fetch_add(n, std::memory_order_release);
  holes.store(sequence.missing(), std::memory_order_relaxed);
  if (records.dropped) {
    for (const Losses::Lost& lost : losses.take(*records.dropped, sequence.missing())) note_loss(lost);
  } else if (const auto lost = losses.take_holes(sequence.missing(), watermark, records.watermark_ns)) {
    note_loss(*lost);
  }
  any_batch = true;
  merger.add(std::move(records.rings));
  tell_until(std::max(watermark, records.watermark_ns));
}

void Router::Impl::publish_counts() {
  const std::lock_guard lock(mutex);
  counted.clear();
  for (const auto& target : targets) {
    if (target) counted[target->target] = {target->received, target->told};
  }
}

void Router::Impl::note_loss(const Losses::Lost& lost) {
  for (const auto& target : targets) {
    if (target && (!lost.target || *lost.target == target->target))
      insert({target->target, lost.from_ns, Loss{lost.to_ns, lost.count}});
  }
}

void Router::Impl::insert(Item post) {
  auto place = posts.end();
  while (place != posts.begin() && std::prev(place)->at_ns > post.at_ns) --place;
  posts.insert(place, std::move(post));
}

void Router::Impl::take(Item& post) {
  insert(std::move(post));
  tell_until(any_batch ? watermark : kEndOfTime);
}

void Router::Impl::take(Begin& begin) {
  const std::size_t slot = slot_of(begin.target);
  if (slot >= targets.size()) targets.resize(slot + 1);
  targets[slot] = std::make_unique<Routed>(begin.target, std::move(begin.source), lately);
  batch.items.push_back({begin.target, 0, std::move(begin.begun)});
}

void Router::Impl::take(Forget& forget) {
  Routed* target = find(forget.target);
  if (target == nullptr) return;
  targets[slot_of(forget.target)].reset();
  posts.remove_if([&](const Item& post) { return post.target == forget.target; });
  batch.items.push_back({forget.target, watermark, TargetGone{}});
}

Routed* Router::Impl::find(TargetId target) {
  const std::size_t slot = slot_of(target);
  if (slot >= targets.size() || !targets[slot] || targets[slot]->target != target) return nullptr;
  return targets[slot].get();
}

void Router::Impl::tell_until(std::uint64_t limit_ns) {
  const auto sink = [this](const gt_record& record) { tell(record); };
  while (!posts.empty() && posts.front().at_ns <= limit_ns) {
    merger.take_below(posts.front().at_ns, sink);
    Item post = std::move(posts.front());
    posts.pop_front();
    tell(std::move(post));
  }
  merger.take_below(limit_ns, sink);
  for (const auto& target : targets) {
    if (target) close_run(*target);
  }
  if (limit_ns == kEndOfTime || limit_ns == watermark) return;
  watermark = limit_ns;
  batch.items.push_back({0, watermark, Advanced{}});
}

void Router::Impl::tell(const gt_record& record) {
  Routed* target = find(target_of(record));
  if (target == nullptr || record.time_ns >= target->end_ns) return;
  std::vector<gt_record>& run = target->run.records;
  if (run.empty()) run.reserve(std::clamp<std::size_t>(target->last_run, 16, kMaxRun));
  run.push_back(record);
  ++target->told;
  target->definer.define(run.back(), batch.items);
  if (run.size() < kMaxRun) return;
  close_run(*target);
  if (runs >= kMaxBatchRuns) hand_on();
}

void Router::Impl::tell(Item post) {
  Routed* target = find(post.target);
  if (target == nullptr) return;
  const bool ended = std::holds_alternative<TargetEnded>(post.what);
  if (post.at_ns >= target->end_ns) return;
  close_run(*target);
  if (ended) target->end_ns = post.at_ns;
  if (auto* loss = std::get_if<Loss>(&post.what)) loss->to_ns = std::min(loss->to_ns, target->end_ns);
  if (auto* snapshot = std::get_if<Snapshot>(&post.what)) target->definer.define(*snapshot, batch.items);
  if (auto* defined = std::get_if<StackDefined>(&post.what)) {
    target->definer.define(std::move(*defined), post.at_ns, batch.items);
    return;
  }
  batch.items.push_back(std::move(post));
}

void Router::Impl::close_run(Routed& target) {
  std::vector<gt_record>& run = target.run.records;
  if (run.empty()) return;
  target.last_run = run.size();
  ++runs;
  batch.items.push_back({target.target, run.front().time_ns, std::exchange(target.run, {})});
}

void Router::Impl::hand_on() {
  runs = 0;
  if (batch.items.empty()) return;
  publish_counts();  // before anybody can know that it is all
  const auto shared = std::make_shared<const Batch>(std::exchange(batch, {}));
  for (ItemSink* sink : sinks) sink->push(shared);
}

Router::Router(std::vector<ItemSink*> sinks) : impl_(std::make_unique<Impl>()) {
  impl_->sinks = std::move(sinks);
  impl_->thread = std::thread([this] {
    name_thread("gt-router");
    impl_->run();
  });
}

Router::~Router() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    impl_->work.notify_one();
  }
  impl_->thread.join();
}

void Router::begin(TargetId target, TargetBegun begun, TargetSource& source) {
  auto gate = std::make_shared<SourceGate>(source);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->gates[target] = gate;
  }
  impl_->enqueue(Begin{target, std::move(begun), std::move(gate)});
}

void Router::forget(TargetId target) {
  std::shared_ptr<SourceGate> gate;
  {
    const std::lock_guard lock(impl_->mutex);
    if (const auto found = impl_->gates.find(target); found != impl_->gates.end()) {
      gate = std::move(found->second);
      impl_->gates.erase(found);
    }
  }
  if (gate) gate->close();
  impl_->enqueue(Forget{target});
}

void Router::post(Item item) {
  impl_->enqueue(std::move(item));
}

void Router::push(RecordBatch batch) {
  std::unique_lock lock(impl_->mutex);
  impl_->room.wait(lock, [&] { return impl_->queued_batches < kMaxQueuedBatches; });
  ++impl_->queued_batches;
  impl_->queue.emplace_back(std::move(batch));
  impl_->work.notify_one();
}

Router::Counts Router::counts() const {
  return {.received = impl_->received.load(std::memory_order_acquire),
          .discarded = impl_->discarded.load(std::memory_order_relaxed),
          .holes = impl_->holes.load(std::memory_order_relaxed)};
}

std::uint64_t Router::received(TargetId target) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->counted.find(target);
  return found == impl_->counted.end() ? 0 : found->second.received;
}

std::uint64_t Router::told(TargetId target) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->counted.find(target);
  return found == impl_->counted.end() ? 0 : found->second.told;
}

}  // namespace gorotrace
