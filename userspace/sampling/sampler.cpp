#include "sampling/sampler.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

// Stacks of one chunk that keep moving: the rest goes without in that look.
constexpr std::uint64_t kStacksOfChunkNs = 5'000'000;

GoroutineReader::Config impatient(GoroutineReader::Config config) {
  config.max_duration_ns = kStacksOfChunkNs;
  return config;
}

// The stack is that of the very stay that was counted.
bool same_stay(const Standing& s, const GoroutineSnapshot& g) {
  return g.goid == s.goid && g.status == s.status && g.tracking_seq == s.seq && g.sp == s.sp &&
         (s.status != GStatus::kWaiting || g.wait_reason == s.reason);
}

std::unexpected<Error> gone() {
  return fail(ErrorKind::kNoProcess, "the process is gone: it ended while it was sampled");
}

}  // namespace

Sampler::Sampler(const Memory& memory, SamplingSubject subject, std::uint64_t seed)
    : memory_(memory),
      stacks_wanted_(subject.stacks),
      config_(impatient(std::move(subject.goroutines))),
      label_(std::move(subject.label)),
      reader_(memory, config_),
      allgs_(memory, config_.allgs_address, allgs_limits(config_)),
      maker_(subject.sampling),
      random_(seed),
      alone_(sighting_window(config_.offsets)) {
  if (subject.counters) counters_.emplace(memory_, *subject.counters);
}

// By address: pieces that lie together are one range.
std::span<const Choice> Sampler::choose(std::size_t wanted, bool all) {
  const std::span<const std::uint64_t> pointers = allgs_.pointers();
  const auto by_address = [&pointers](const Choice& c) { return pointers[c.slot]; };
  if (!all) {
    choose_slots(pointers.size(), wanted, random_, chosen_);
    std::ranges::sort(chosen_, {}, by_address);
    return chosen_;
  }
  if (ordered_ != pointers.size()) {
    choose_slots(pointers.size(), pointers.size(), random_, by_address_);
    std::ranges::sort(by_address_, {}, by_address);
    ordered_ = pointers.size();
    planned_ = 0;
  }
  return by_address_;
}

void Sampler::plan(std::span<const Choice> chunk, bool first) {
  const std::span<const std::uint64_t> pointers = allgs_.pointers();
  planned_ = 0;
  ranges_.clear();
  counters_at_ = kNone;
  if (first) {
    ranges_.push_back({config_.allgs_address, {reinterpret_cast<std::uint8_t*>(&header_), sizeof header_}});
    if (counters_ && counters_->add_pass(ranges_)) counters_at_ = 1;
  }
  words_.clear();
  no_pointer_ = 0;
  for (const Choice& c : chunk) {
    if (pointers[c.slot] == 0) {
      ++no_pointer_;
    } else {
      words_.add(pointers[c.slot], alone_.size());
    }
  }
  words_at_ = ranges_.size();
  words_.append_to(ranges_);
}

Status Sampler::read() {
  if (!memory_.read_many(ranges_, failed_)) return gone();
  return {};
}

// The first chunk, with the counters, of an allgs whose growth is known.
Status Sampler::read_first(std::size_t wanted) {
  const bool all = wanted >= total();
  const auto choices = choose(wanted, all);
  const auto chunk = choices.first(std::min(kChunk, choices.size()));
  const bool repeats = all && choices.size() <= kChunk;
  if (!repeats || planned_ != total()) {
    plan(chunk, true);
    if (repeats && (!counters_ || counters_at_ != kNone)) planned_ = total();
  }
  if (auto done = read(); !done) return done;
  if (failed_[0])
    return fail(ErrorKind::kNoProcess, "runtime.allgs cannot be read: the process is gone or replaced");
  return {};
}

std::optional<std::int64_t> Sampler::live() {
  if (!counters_) return std::nullopt;
  std::optional<RuntimeCounters> counters;
  if (counters_at_ != kNone) counters = counters_->take_pass(failed_, counters_at_);
  if (counters && counters->settled) return counters->live;
  // One pass more: two agree, or the program is so busy that the number is as good as any.
  planned_ = 0;
  const auto again = counters_->read(counters ? 1 : 2);
  return again ? std::optional(again->live) : std::nullopt;
}

Result<const SampleTick*> Sampler::look(std::uint64_t now_ns, std::size_t wanted, std::uint64_t stacks_ns) {
  const bool all_wanted = wanted >= total();
  if (auto done = read_first(wanted); !done) return std::unexpected(done.error());
  if (header_[1] != total()) {
    if (auto fresh = allgs_.refresh(); !fresh) return std::unexpected(fresh.error());
    if (all_wanted) wanted = total();
    if (auto done = read_first(wanted); !done) return std::unexpected(done.error());
  }
  const bool all = wanted >= total();
  const std::span<const Choice> choices(all ? by_address_ : chosen_);
  const auto live_now = live();
  stacks_until_ns_ = now_ns + stacks_ns;
  maker_.begin(now_ns, all);
  for (std::size_t at = 0; at < choices.size(); at += kChunk) {
    const auto chunk = choices.subspan(at, std::min(kChunk, choices.size() - at));
    if (at > 0) {
      plan(chunk, false);
      if (auto done = read(); !done) return std::unexpected(done.error());
    }
    if (auto done = take(chunk); !done) return std::unexpected(done.error());
  }
  return &maker_.end(seen_ns_, live_now);
}

Status Sampler::take(std::span<const Choice> chunk) {
  const std::span<const std::uint64_t> pointers = allgs_.pointers();
  wanted_.clear();
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    const Sighting seen = i < no_pointer_ ? Sighting{} : sighting(i - no_pointer_);
    if (const auto number = maker_.see(chunk[i], seen))
      wanted_.push_back({pointers[chunk[i].slot], *number, seen.standing});
  }
  seen_ns_ = monotonic_ns();
  if (!wanted_.empty()) return place_wanted();
  return {};
}

// Of the i-th goroutine of the call.
Sighting Sampler::sighting(std::size_t i) {
  if (!failed_[words_at_ + words_.range_of(i)]) return pick_sighting(words_.piece(i), config_.offsets);
  // A hole between two that were merged.
  if (memory_.read(words_.begin_of(i), alone_)) return pick_sighting(alone_, config_.offsets);
  return {};
}

Status Sampler::place_wanted() {
  wanted_gs_.clear();
  for (const Wanted& w : wanted_) wanted_gs_.push_back(w.g);
  Snapshot stacks;
  const bool read = stacks_wanted_ && monotonic_ns() < stacks_until_ns_;
  if (read) {
    auto found = reader_.read(wanted_gs_, StackDepth::kAsProbes);
    if (!found) return std::unexpected(found.error());
    stacks = std::move(*found);
  }
  std::optional<LabelLook> labels;
  if (label_) labels.emplace(memory_, *label_, label_values_);
  std::size_t next = 0;
  for (const Wanted& w : wanted_) {
    while (next < stacks.goroutines.size() && stacks.goroutines[next].g < w.g) ++next;
    std::uint64_t id = 0;
    LabelId label = label_ ? kLabelNotRead : kNoLabelAsked;
    if (next < stacks.goroutines.size() && stacks.goroutines[next].g == w.g) {
      const GoroutineSnapshot& g = stacks.goroutines[next];
      const bool same = same_stay(w.standing, g);
      if (same) id = g.stack_id;
      if (same && labels && monotonic_ns() < stacks_until_ns_) label = labels->of(g);
      if (id != 0) {
        const StackSet::Stack stack = stacks.stacks[g.stack];
        stacks_.add(stack.id, stack.pcs, stack.truncated);
      }
    }
    maker_.place(w.number, read || !stacks_wanted_ ? std::optional(Stay{id, label}) : std::nullopt);
  }
  return {};
}

SampleClasses Sampler::take_classes() {
  SampleClasses out = maker_.take_classes();
  out.labels = label_values_.take_new();
  return out;
}

StackSet Sampler::take_stacks() {
  return std::exchange(stacks_, {});
}

}  // namespace gorotrace
