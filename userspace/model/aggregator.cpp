#include "model/aggregator.h"

#include <algorithm>
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
  std::function<void(const Model* model, std::uint64_t at_ns)> answer;  // nullptr: an unknown target
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
  TargetId target;
  std::variant<AddTarget, RemoveTarget, GroupChange, Snapshot, SeenObjects, End, Loss, std::shared_ptr<Query>>
      what;
};

// One target, at its slot's place. `model` is null where there is none.
struct Owner {
  TargetId id = 0;
  std::unique_ptr<Model> model;
  std::uint64_t end_ns = kEndOfTime;  // of its window
  std::uint64_t charged = 0;          // lost records a gap stands for already
  std::uint64_t received = 0;
};

}  // namespace

struct Aggregator::Impl {
  // Shared, under mutex.
  std::mutex mutex;
  std::condition_variable work, room;
  std::deque<std::variant<RecordBatch, Post, RecordBatch::Dropped>> queue;
  std::size_t queued_batches = 0;
  bool stop = false, hurry = false;
  std::atomic<std::uint64_t> received{0}, discarded{0}, holes{0};
  std::vector<std::pair<TargetId, std::uint64_t>> received_of;

  // The thread's own.
  std::vector<Owner> owners;  // by slot
  RunMerger merger;
  SequenceCheck sequence;
  std::list<Post> posts;  // by at_ns, waiting for the watermark
  bool any_batch = false;
  std::uint64_t watermark = 0;      // records below are applied
  std::uint64_t charged_holes = 0;  // holes a gap stands for already
  std::uint64_t clean_until = 0;    // the kernel's counts of drops were still those charged then
  std::thread thread;

  void run();
  void take(RecordBatch batch);
  void take(Post post);
  void take(RecordBatch::Dropped dropped);
  void note_holes(std::uint64_t from_ns, std::uint64_t to_ns);
  [[nodiscard]] Owner* find(TargetId target);  // nullptr: no such target
  void apply_until(std::uint64_t limit_ns);
  void apply_post(Post& post);
  void answer_hurried();
  template <typename Answer>
  [[nodiscard]] Answer ask(TargetId target, std::uint64_t at_ns,
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
        item = RecordBatch::Dropped{};
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

Owner* Aggregator::Impl::find(TargetId target) {
  if (slot_of(target) >= owners.size()) return nullptr;
  Owner& owner = owners[slot_of(target)];
  return owner.id == target && owner.model ? &owner : nullptr;
}

void Aggregator::Impl::take(RecordBatch batch) {
  std::uint64_t records = 0, strangers = 0;
  for (const std::vector<gt_record>& ring : batch.rings) {
    records += ring.size();
    for (const gt_record& record : ring) {
      sequence.see(record.cpu, record.seq);
      Owner* owner = find(target_of(record));
      ++(owner != nullptr ? owner->received : strangers);
    }
  }
  discarded.fetch_add(strangers, std::memory_order_relaxed);
  holes.store(sequence.missing(), std::memory_order_relaxed);
  if (records != 0) {
    const std::lock_guard lock(mutex);
    received_of.clear();
    for (const Owner& owner : owners) {
      if (owner.model) received_of.emplace_back(owner.id, owner.received);
    }
  }
  // Who finds all of them received finds them in the account of each target.
  received.fetch_add(records, std::memory_order_release);
  if (batch.dropped) {
    take(*batch.dropped);
    charged_holes = sequence.missing();
  } else {
    note_holes(watermark, batch.watermark_ns);
  }
  any_batch = true;
  merger.add(std::move(batch.rings));
  apply_until(std::max(watermark, batch.watermark_ns));
}

void Aggregator::Impl::take(RecordBatch::Dropped dropped) {
  if (dropped.at_ns == 0) return;
  const std::uint64_t to_ns = std::max(dropped.at_ns, dropped.read_until_ns);
  for (const auto& [target, total] : dropped.targets) {
    Owner* owner = find(target);
    if (owner == nullptr || total <= owner->charged) continue;
    owner->charged = total;
    take(Post{.at_ns = clean_until, .target = target, .what = Loss{to_ns}});
  }
  clean_until = std::max(clean_until, dropped.at_ns);
}

void Aggregator::Impl::note_holes(std::uint64_t from_ns, std::uint64_t to_ns) {
  const std::uint64_t missing = sequence.missing();
  if (missing > charged_holes) {
    for (std::size_t slot = 0; slot < owners.size(); ++slot) {
      if (owners[slot].model) take(Post{.at_ns = from_ns, .target = owners[slot].id, .what = Loss{to_ns}});
    }
  }
  charged_holes = missing;  // a hole that filled after all makes room for the next
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
    Owner* owner = find(target_of(record));
    if (owner != nullptr && record.time_ns < owner->end_ns) owner->model->apply(record);
  };
  const auto soon = [this](const gt_record& record) {
    if (Owner* owner = find(target_of(record)); owner != nullptr) owner->model->prefetch(record);
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
  for (const Owner& owner : owners) {
    if (owner.model) owner.model->advance(std::min(limit_ns, owner.end_ns));
  }
}

void Aggregator::Impl::apply_post(Post& post) {
  if (auto* add = std::get_if<AddTarget>(&post.what)) {
    if (slot_of(post.target) >= owners.size()) owners.resize(slot_of(post.target) + std::size_t{1});
    owners[slot_of(post.target)] = {.id = post.target,
                                    .model = std::make_unique<Model>(std::move(add->config))};
    return;
  }
  Owner* owner = find(post.target);
  if (auto* query = std::get_if<std::shared_ptr<Query>>(&post.what)) {
    (*query)->answer(owner != nullptr ? owner->model.get() : nullptr,
                     owner != nullptr ? std::min(post.at_ns, owner->end_ns) : post.at_ns);
  } else if (owner == nullptr) {
    return;  // of a former owner of the slot
  } else if (std::holds_alternative<RemoveTarget>(post.what)) {
    owner->model.reset();
  } else if (std::holds_alternative<End>(post.what)) {
    owner->end_ns = std::min(owner->end_ns, post.at_ns);
  } else if (post.at_ns < owner->end_ns) {
    Model& model = *owner->model;
    if (auto* change = std::get_if<GroupChange>(&post.what))
      model.group(change->group, change->on, post.at_ns);
    if (auto* snapshot = std::get_if<Snapshot>(&post.what)) model.apply(*snapshot);
    if (auto* objects = std::get_if<SeenObjects>(&post.what)) model.apply(*objects);
    if (auto* loss = std::get_if<Loss>(&post.what))
      model.gap(post.at_ns, std::min(loss->to_ns, owner->end_ns));
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
Answer Aggregator::Impl::ask(TargetId target, std::uint64_t at_ns,
                             Answer (Model::*question)(std::uint64_t) const) {
  const auto promise = std::make_shared<std::promise<Answer>>();
  auto query = std::make_shared<Query>();
  query->answer = [promise, question](const Model* model, std::uint64_t at) {
    promise->set_value(model != nullptr ? (model->*question)(at) : Answer{});
  };
  std::future<Answer> answer = promise->get_future();
  enqueue({.at_ns = at_ns, .target = target, .what = query});
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

void Aggregator::add_target(TargetId target, ModelConfig config) {
  impl_->enqueue({.at_ns = 0, .target = target, .what = AddTarget{std::move(config)}});
}

void Aggregator::remove_target(TargetId target) {
  impl_->enqueue({.at_ns = 0, .target = target, .what = RemoveTarget{}});
}

void Aggregator::push(RecordBatch batch) {
  std::unique_lock lock(impl_->mutex);
  impl_->room.wait(lock, [&] { return impl_->queued_batches < kMaxQueuedBatches; });
  ++impl_->queued_batches;
  impl_->queue.emplace_back(std::move(batch));
  impl_->work.notify_one();
}

void Aggregator::post(TargetId target, Snapshot snapshot) {
  const std::uint64_t at_ns = snapshot.counts.end_ns;
  impl_->enqueue({.at_ns = at_ns, .target = target, .what = std::move(snapshot)});
}

void Aggregator::post(TargetId target, SeenObjects seen) {
  const std::uint64_t at_ns = seen.end_ns;
  impl_->enqueue({.at_ns = at_ns, .target = target, .what = std::move(seen)});
}

void Aggregator::post_group(TargetId target, gt_group group, bool on, std::uint64_t at_ns) {
  impl_->enqueue({.at_ns = at_ns, .target = target, .what = GroupChange{group, on}});
}

void Aggregator::post_end(TargetId target, std::uint64_t at_ns) {
  impl_->enqueue({.at_ns = at_ns, .target = target, .what = End{}});
}

Tables Aggregator::tables(TargetId target, std::uint64_t at_ns) {
  return impl_->ask(target, at_ns, &Model::tables);
}
Tables Aggregator::totals(TargetId target, std::uint64_t at_ns) {
  return impl_->ask(target, at_ns, &Model::totals);
}
OpenWaits Aggregator::open_waits(TargetId target, std::uint64_t at_ns) {
  return impl_->ask(target, at_ns, &Model::open_waits);
}

Aggregator::Counts Aggregator::counts() const {
  return {.received = impl_->received.load(std::memory_order_acquire),
          .discarded = impl_->discarded.load(std::memory_order_relaxed),
          .holes = impl_->holes.load(std::memory_order_relaxed)};
}

std::uint64_t Aggregator::received(TargetId target) const {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [id, received] : impl_->received_of) {
    if (id == target) return received;
  }
  return 0;
}

}  // namespace gorotrace
