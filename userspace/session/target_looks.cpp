#include "session/target_looks.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "waits/wait_reader.h"

namespace gorotrace {
namespace {

// A look at all goroutines may take 1/20 of one CPU of the tracer: the next one waits 20 times as long as the
// last took.
constexpr std::uint64_t kLookRest = 20;
constexpr std::uint64_t kLookAfterGapNs = 100'000'000;
constexpr std::uint64_t kNever = ~std::uint64_t{0};

}  // namespace

TargetLooks::TargetLooks(Target& target, TargetId id, Pipeline& pipeline, const TargetCensus& census,
                         Notices& notices, bool stacks, std::uint64_t interval_ns, GroupMask objects)
    : target_(target),
      id_(id),
      pipeline_(pipeline),
      census_(census),
      notices_(notices),
      depth_(stacks ? StackDepth::kAsProbes : StackDepth::kNoStacks),
      interval_ns_(interval_ns),
      objects_(objects) {}

std::size_t TargetLooks::look() {
  auto snapshot = target_.goroutines().read(depth_);
  if (!snapshot) {
    next_ns_ = monotonic_ns() + interval_ns_;
    if (target_.process().liveness() == Liveness::kAlive) notices_.add(snapshot.error().message);
    return 0;
  }
  const auto objects = objects_due_ && !census_.running() ? objects_of(*snapshot) : std::nullopt;
  if (objects) objects_due_ = false;
  const std::uint64_t now = monotonic_ns(), took = now - snapshot->counts.begin_ns;
  next_ns_ = census_.running() ? kNever : now + std::max(interval_ns_, took * kLookRest);
  const std::size_t extra = snapshot->counts.extra;
  const std::uint64_t at_ns = snapshot->counts.end_ns;
  pipeline_.router().post({id_, at_ns, std::move(*snapshot)});
  if (objects) pipeline_.router().post({id_, objects->end_ns, *objects});
  return extra;
}

// Of a select the first in lock order (runtime/select.go selectgo, 1.18-1.27), as its park tells it.
std::optional<SeenObjects> TargetLooks::objects_of(const Snapshot& snapshot) const {
  SeenObjects out;
  if (objects_ == 0) return out;
  WaitReader::Config config = WaitReader::config_for(target_.binary(), target_.load_bias());
  config.find = WaitReader::Find::kQueues;
  const auto waits = WaitReader(target_.process(), nullptr, std::move(config)).read(snapshot);
  if (!waits) return std::nullopt;
  for (std::size_t i = 0; i < snapshot.goroutines.size(); ++i) {
    const auto& objects = waits->goroutines[i].objects;
    if (objects.empty() || objects.front().certainty != Certainty::kProven) continue;
    const GoroutineSnapshot& g = snapshot.goroutines[i];
    SeenObject seen{.goid = g.goid, .read_at_ns = g.read_at_ns};
    if (const auto* channel = std::get_if<ChannelWait>(&objects.front().what)) {
      seen.address = channel->channel;
    } else if (const auto* semaphore = std::get_if<SemaphoreWait>(&objects.front().what);
               semaphore != nullptr && (objects_ & group_bit(GT_GROUP_SYNC)) != 0) {
      seen.kind = ObjectRow::Kind::kSemaphore;
      seen.address = semaphore->semaphore;
    }
    if (seen.address != 0) out.objects.push_back(seen);
  }
  out.end_ns = monotonic_ns();
  return out;
}

void TargetLooks::mind_loss(std::uint64_t dropped, std::uint64_t now_ns) {
  if (dropped > dropped_seen_) {
    next_ns_ = std::min(next_ns_, now_ns + kLookAfterGapNs);
    objects_due_ = true;
  }
  dropped_seen_ = dropped;
}

std::optional<Witness::Totals> TargetLooks::totals() {
  const auto totals = pipeline_.totals(id_, monotonic_ns());
  if (!totals) {
    notices_.add(totals.error().message);
    return std::nullopt;
  }
  return Witness::Totals{totals->created, totals->exited};
}

bool TargetLooks::read_counters() {
  CounterReader* reader = target_.counters();
  if (reader == nullptr) return false;
  const auto counters = reader->read();
  if (!counters) return false;
  counters_ = *counters;
  pipeline_.router().post({id_, counters->time_ns, *counters});
  return true;
}

std::optional<TargetLooks::Reading> TargetLooks::read() {
  const auto before = totals();
  if (!before || !read_counters()) return std::nullopt;
  const auto after = totals();
  if (!after) return std::nullopt;
  return Reading{*counters_, *before, *after};
}

std::optional<TargetLooks::Reading> TargetLooks::look_and_read() {
  constexpr int kTries = 4;
  std::size_t extra = look();
  auto r = read();
  for (int i = 0; i < kTries && extra != 0 && r; ++i) {
    const std::size_t then = std::exchange(extra, look());
    if (then == extra) break;
    r = read();
  }
  return r;
}

}  // namespace gorotrace
