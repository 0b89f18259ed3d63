#include "session/memory_look.h"

#include <utility>

#include "base/clock.h"
#include "process/stoppable_memory.h"
#include "session/pipeline.h"
#include "waits/wait_reader.h"

namespace gorotrace {
namespace {

// Of a select the first in lock order (runtime/select.go selectgo, 1.18-1.27), as its park tells it.
SeenObject seen_object(const GoroutineSnapshot& g, const WaitObject& object, GroupMask wanted) {
  SeenObject seen{.goid = g.goid, .read_at_ns = g.read_at_ns};
  if (const auto* channel = std::get_if<ChannelWait>(&object.what)) {
    seen.address = channel->channel;
  } else if (const auto* semaphore = std::get_if<SemaphoreWait>(&object.what);
             semaphore != nullptr && (wanted & group_bit(GT_GROUP_SYNC)) != 0) {
    seen.kind = ObjectRow::Kind::kSemaphore;
    seen.address = semaphore->semaphore;
  }
  return seen;
}

}  // namespace

MemoryLook::MemoryLook(std::shared_ptr<Target> target, TargetId id, std::shared_ptr<StreamDoor> door,
                       Wanted wanted)
    : target_(std::move(target)),
      id_(id),
      door_(std::move(door)),
      depth_(wanted.stacks ? StackDepth::kAsProbes : StackDepth::kNoStacks),
      objects_(wanted.objects),
      label_{std::move(wanted.label_key), LabelLayout::of(target_->binary())},
      counters_(target_->counter_reader()) {}

// What the runtime makes for threads of C shows in memory only, so where there are such goroutines the look
// has to hold at the reading, too.
LookResult MemoryLook::take(const LookOrder& order, const std::stop_token& stop) {
  constexpr int kTries = 4;
  LookResult out;
  out.proof = target_->prove(out.contradiction);
  if (out.proof != Proof::kHolds) return out;
  if (order.goroutines) look(order.objects, stop, out);
  if (order.reading && out.goroutines) read(stop, out);
  for (int i = 0; i < kTries && order.goroutines && out.counts.extra != 0 && out.reading; ++i) {
    const std::size_t extra = out.counts.extra;
    look(false, stop, out);
    if (out.counts.extra == extra) break;
    out.reading.reset();
    read(stop, out);
  }
  return out;
}

void MemoryLook::look(bool objects, const std::stop_token& stop, LookResult& out) {
  auto snapshot = target_->goroutines().read(depth_, stop);
  if (!snapshot) {
    out.goroutines = std::unexpected(snapshot.error());
    out.reading.reset();
    return;
  }
  out.counts = snapshot->counts;
  if (!label_.key.empty()) read_labels(*snapshot, stop);
  SeenObjects seen;
  out.objects_read = objects && objects_ != 0 && read_objects(*snapshot, stop, seen);
  out.took_ns = monotonic_ns() - out.counts.begin_ns;
  (void)door_->enter([&](Pipeline& pipeline) {
    pipeline.router().post({id_, out.counts.end_ns, std::move(*snapshot)});
    if (out.objects_read) pipeline.router().post({id_, seen.end_ns, std::move(seen)});
  });
}

// At once, before what was seen is something else. A set that is not reached in time counts as not read.
void MemoryLook::read_labels(Snapshot& snapshot, const std::stop_token& stop) {
  const StoppableMemory memory(target_->process(), stop);
  LabelLook values(memory, label_, label_values_);
  for (GoroutineSnapshot& g : snapshot.goroutines) g.label = values.of(g);
  snapshot.label_values = label_values_.take_new();
}

bool MemoryLook::read_objects(const Snapshot& snapshot, const std::stop_token& stop, SeenObjects& out) const {
  WaitReader::Config config = WaitReader::config_for(target_->binary(), target_->modules());
  config.find = WaitReader::Find::kQueues;
  const StoppableMemory memory(target_->process(), stop);
  const auto waits = WaitReader(memory, nullptr, std::move(config)).read(snapshot);
  if (!waits) return false;
  for (std::size_t i = 0; i < snapshot.goroutines.size(); ++i) {
    const auto& objects = waits->goroutines[i].objects;
    if (objects.empty() || objects.front().certainty != Certainty::kProven) continue;
    const SeenObject seen = seen_object(snapshot.goroutines[i], objects.front(), objects_);
    if (seen.address != 0) out.objects.push_back(seen);
  }
  out.end_ns = monotonic_ns();
  return true;
}

std::optional<Tables> MemoryLook::totals(const std::stop_token& stop) {
  std::optional<Tables> out;
  (void)door_->enter([&](Pipeline& pipeline) {
    if (auto totals = pipeline.totals(id_, monotonic_ns()).get(stop)) out = std::move(*totals);
  });
  return out;
}

void MemoryLook::read(const std::stop_token& stop, LookResult& out) {
  const auto before = totals(stop);
  const auto counters = counters_ && !stop.stop_requested()
                            ? counters_->read()
                            : Result<RuntimeCounters>(fail(ErrorKind::kUnsupported, "no counters"));
  if (!before || !counters) {
    out.totals = before;
    return;
  }
  out.totals = totals(stop);
  if (!out.totals) return;
  out.reading = CountersReading{
      *counters, {before->created, before->exited}, {out.totals->created, out.totals->exited}};
}

}  // namespace gorotrace
