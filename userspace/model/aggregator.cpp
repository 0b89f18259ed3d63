#include "model/aggregator.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <limits>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "model/merge.h"
#include "model/sequence.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kEndOfTime = std::numeric_limits<std::uint64_t>::max();

struct Query {
  std::function<void(const Model* model, std::uint64_t at_ns)> answer;  // nullptr: an unknown slot
  std::atomic<bool> hurry{false};  // the asker waits no longer for the watermark
};

// What the control thread posts; applied when the records up to at_ns are in.
struct AddTarget {
  ModelConfig config;
};
struct RemoveTarget {};
struct GroupChange {
  gt_group group;
  bool on;
};
struct End {};
struct Loss {
  std::uint64_t to_ns;
};
struct Post {
  std::uint64_t at_ns;
  std::uint16_t slot;
  std::variant<AddTarget, RemoveTarget, GroupChange, Snapshot, SeenObjects, End, Loss, std::shared_ptr<Query>>
      what;
};

}  // namespace

struct Aggregator::Impl {
  // Shared, under mutex.
  std::mutex mutex;
  std::condition_variable work, room;
  std::deque<std::variant<RecordBatch, Post, RecordBatch::Dropped>> queue;
  std::size_t queued_batches = 0;
  bool stop = false, hurry = false;
  std::atomic<std::uint64_t> received{0}, holes{0};

  // The thread's own.
  std::array<std::unique_ptr<Model>, GT_MAX_TARGETS> models;
  std::array<std::uint64_t, GT_MAX_TARGETS> ends{};  // of their windows; kEndOfTime while they are open
  RunMerger merger;
  SequenceCheck sequence;
  std::list<Post> posts;  // by at_ns, waiting for the watermark
  bool any_batch = false;
  std::uint64_t watermark = 0;    // records below are applied
  std::uint64_t charged = 0;      // lost records a gap stands for already
  std::uint64_t reported = 0;     // the kernel's last count of drops
  std::uint64_t clean_until = 0;  // the kernel's count of drops was still `charged` then
  std::thread thread;

  void run();
  void take(RecordBatch batch);
  void take(Post post);
  void take(RecordBatch::Dropped dropped);
  void note_loss(std::uint64_t total, std::uint64_t from_ns, std::uint64_t to_ns);
  void apply_until(std::uint64_t limit_ns);
  void apply_post(Post& post);
  void answer_hurried();
  template <typename Answer>
  [[nodiscard]] Answer ask(std::uint16_t slot, std::uint64_t at_ns,
                           Answer (Model::*question)(std::uint64_t at_ns) const);
  void enqueue(Post post);
};

void Aggregator::Impl::enqueue(Post post) {
  const std::lock_guard lock(mutex);
  queue.emplace_back(std::move(post));
  work.notify_one();
}

void Aggregator::Impl::run() {
  for (;;) {
    std::variant<RecordBatch, Post, RecordBatch::Dropped> item;
    bool hurried = false;
    {
      std::unique_lock lock(mutex);
      work.wait(lock, [&] { return !queue.empty() || stop || hurry; });
      hurried = std::exchange(hurry, false);
      if (queue.empty()) {
        if (!hurried) break;
        item = RecordBatch::Dropped{0, 0};
      } else {
        item = std::move(queue.front());
        queue.pop_front();
        if (std::holds_alternative<RecordBatch>(item)) {
          --queued_batches;
          room.notify_one();
        }
      }
    }
    std::visit([this](auto& what) { take(std::move(what)); }, item);
    if (hurried) answer_hurried();
  }
  apply_until(kEndOfTime);
}

void Aggregator::Impl::take(RecordBatch batch) {
  std::uint64_t records = 0;
  for (const std::vector<gt_record>& ring : batch.rings) {
    records += ring.size();
    for (const gt_record& record : ring) sequence.see(record.cpu, record.seq);
  }
  received.fetch_add(records, std::memory_order_relaxed);
  holes.store(sequence.missing(), std::memory_order_relaxed);
  if (batch.dropped) {
    take(*batch.dropped);
  } else {
    note_loss(sequence.missing(), watermark, batch.watermark_ns);
    charged = std::max(reported, sequence.missing());  // a hole that filled after all makes room for the next
  }
  any_batch = true;
  merger.add(std::move(batch.rings));
  apply_until(std::max(watermark, batch.watermark_ns));
}

void Aggregator::Impl::take(RecordBatch::Dropped dropped) {
  if (dropped.at_ns == 0) return;
  reported = std::max(reported, dropped.total);
  note_loss(dropped.total, clean_until, std::max(dropped.at_ns, dropped.read_until_ns));
  clean_until = std::max(clean_until, dropped.at_ns);
}

void Aggregator::Impl::note_loss(std::uint64_t total, std::uint64_t from_ns, std::uint64_t to_ns) {
  if (total <= charged) return;
  charged = total;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto slot = static_cast<std::uint16_t>(i);
    if (models[slot]) take(Post{.at_ns = from_ns, .slot = slot, .what = Loss{to_ns}});
  }
}

void Aggregator::Impl::take(Post post) {
  const auto* query = std::get_if<std::shared_ptr<Query>>(&post.what);
  // Its asker gave up waiting while it was still queued: answer_hurried() could not find it.
  const bool hurried = query != nullptr && (*query)->hurry.load();
  auto place = posts.end();
  while (place != posts.begin() && std::prev(place)->at_ns > post.at_ns) --place;
  posts.insert(place, std::move(post));
  apply_until(any_batch ? watermark : kEndOfTime);
  if (hurried) answer_hurried();
}

void Aggregator::Impl::apply_until(std::uint64_t limit_ns) {
  const auto sink = [this](const gt_record& record) {
    if (record.target < models.size() && models[record.target] && record.time_ns < ends[record.target])
      models[record.target]->apply(record);
  };
  const auto soon = [this](const gt_record& record) {
    if (record.target < models.size() && models[record.target]) models[record.target]->prefetch(record);
  };
  while (!posts.empty() && posts.front().at_ns <= limit_ns) {
    merger.take_below(posts.front().at_ns, sink, soon);
    Post post = std::move(posts.front());
    posts.pop_front();
    apply_post(post);
  }
  merger.take_below(limit_ns, sink, soon);
  if (limit_ns == kEndOfTime) return;
  watermark = limit_ns;
  for (std::size_t slot = 0; slot < models.size(); ++slot) {
    if (models[slot]) models[slot]->advance(std::min(limit_ns, ends[slot]));
  }
}

void Aggregator::Impl::apply_post(Post& post) {
  std::unique_ptr<Model>& model = models[post.slot];
  if (auto* add = std::get_if<AddTarget>(&post.what)) {
    model = std::make_unique<Model>(std::move(add->config));
    ends[post.slot] = kEndOfTime;
  } else if (std::holds_alternative<RemoveTarget>(post.what)) {
    model.reset();
    // What was posted for it must not reach the slot's next owner.
    posts.remove_if([&](const Post& p) {
      return p.slot == post.slot && !std::holds_alternative<std::shared_ptr<Query>>(p.what) && p.at_ns != 0;
    });
  } else if (auto* query = std::get_if<std::shared_ptr<Query>>(&post.what)) {
    (*query)->answer(model.get(), std::min(post.at_ns, ends[post.slot]));
  } else if (std::holds_alternative<End>(post.what)) {
    ends[post.slot] = std::min(ends[post.slot], post.at_ns);
  } else if (model && post.at_ns < ends[post.slot]) {
    if (auto* change = std::get_if<GroupChange>(&post.what))
      model->group(change->group, change->on, post.at_ns);
    if (auto* snapshot = std::get_if<Snapshot>(&post.what)) model->apply(*snapshot);
    if (auto* objects = std::get_if<SeenObjects>(&post.what)) model->apply(*objects);
    if (auto* loss = std::get_if<Loss>(&post.what))
      model->gap(post.at_ns, std::min(loss->to_ns, ends[post.slot]));
  }
}

void Aggregator::Impl::answer_hurried() {
  for (auto post = posts.begin(); post != posts.end();) {
    auto* query = std::get_if<std::shared_ptr<Query>>(&post->what);
    if (query == nullptr || !(*query)->hurry.load()) {
      ++post;
      continue;
    }
    post->at_ns = watermark;
    apply_post(*post);
    post = posts.erase(post);
  }
}

template <typename Answer>
Answer Aggregator::Impl::ask(std::uint16_t slot, std::uint64_t at_ns,
                             Answer (Model::*question)(std::uint64_t) const) {
  if (slot >= GT_MAX_TARGETS) return {};
  const auto promise = std::make_shared<std::promise<Answer>>();
  auto query = std::make_shared<Query>();
  query->answer = [promise, question](const Model* model, std::uint64_t at) {
    promise->set_value(model != nullptr ? (model->*question)(at) : Answer{});
  };
  std::future<Answer> answer = promise->get_future();
  enqueue({.at_ns = at_ns, .slot = slot, .what = query});
  if (answer.wait_for(std::chrono::milliseconds(kAnswerTimeoutMs)) != std::future_status::ready) {
    query->hurry = true;
    const std::lock_guard lock(mutex);
    hurry = true;
    work.notify_one();
  }
  return answer.get();
}

Aggregator::Aggregator() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Aggregator::~Aggregator() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop = true;
    impl_->work.notify_one();
  }
  impl_->thread.join();
}

void Aggregator::add_target(std::uint16_t slot, ModelConfig config) {
  if (slot < GT_MAX_TARGETS) impl_->enqueue({.at_ns = 0, .slot = slot, .what = AddTarget{std::move(config)}});
}

void Aggregator::remove_target(std::uint16_t slot) {
  if (slot < GT_MAX_TARGETS) impl_->enqueue({.at_ns = 0, .slot = slot, .what = RemoveTarget{}});
}

void Aggregator::push(RecordBatch batch) {
  std::unique_lock lock(impl_->mutex);
  impl_->room.wait(lock, [&] { return impl_->queued_batches < kMaxQueuedBatches; });
  ++impl_->queued_batches;
  impl_->queue.emplace_back(std::move(batch));
  impl_->work.notify_one();
}

void Aggregator::post(std::uint16_t slot, Snapshot snapshot) {
  if (slot >= GT_MAX_TARGETS) return;
  const std::uint64_t at_ns = snapshot.counts.end_ns;
  impl_->enqueue({.at_ns = at_ns, .slot = slot, .what = std::move(snapshot)});
}

void Aggregator::post(std::uint16_t slot, SeenObjects seen) {
  if (slot >= GT_MAX_TARGETS) return;
  const std::uint64_t at_ns = seen.end_ns;
  impl_->enqueue({.at_ns = at_ns, .slot = slot, .what = std::move(seen)});
}

void Aggregator::post_group(std::uint16_t slot, gt_group group, bool on, std::uint64_t at_ns) {
  if (slot < GT_MAX_TARGETS) impl_->enqueue({.at_ns = at_ns, .slot = slot, .what = GroupChange{group, on}});
}

void Aggregator::post_end(std::uint16_t slot, std::uint64_t at_ns) {
  if (slot < GT_MAX_TARGETS) impl_->enqueue({.at_ns = at_ns, .slot = slot, .what = End{}});
}

Tables Aggregator::tables(std::uint16_t slot, std::uint64_t at_ns) {
  return impl_->ask(slot, at_ns, &Model::tables);
}
Tables Aggregator::totals(std::uint16_t slot, std::uint64_t at_ns) {
  return impl_->ask(slot, at_ns, &Model::totals);
}
OpenWaits Aggregator::open_waits(std::uint16_t slot, std::uint64_t at_ns) {
  return impl_->ask(slot, at_ns, &Model::open_waits);
}

Aggregator::Counts Aggregator::counts() const {
  return {.received = impl_->received.load(std::memory_order_relaxed),
          .holes = impl_->holes.load(std::memory_order_relaxed)};
}

}  // namespace gorotrace
