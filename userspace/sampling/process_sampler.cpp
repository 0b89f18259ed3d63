#include "sampling/process_sampler.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

// For the stacks of the first look and of the last one.
constexpr std::uint64_t kStacksNs = 100'000'000;
// The scheduler divides the budget anew that often.
constexpr std::uint64_t kOwingNs = 100'000'000;
// So many goroutines are looked at in some 50 ms: before sampling is said to have begun.
constexpr std::size_t kFewEnough = 100'000;
// The end of sampling does not wait for looks that take longer.
constexpr std::uint64_t kLongLookNs = 200'000'000;
// A look that takes longer is one at a process that holds its reader up.
constexpr std::chrono::seconds kPatience(2);

}  // namespace

ProcessSampler::ProcessSampler(std::shared_ptr<const Memory> memory, bool whole, const MakeLooker& looker,
                               std::uint64_t seed, std::shared_ptr<SampleSink> sink)
    : owned_(std::move(memory)),
      whole_(whole),
      sink_(std::move(sink)),
      memory_(*owned_, {}),
      looker_(looker(memory_)),
      random_(seed + 1) {}

ProcessSampler::ProcessSampler(std::shared_ptr<const Memory> memory, SamplingSubject subject,
                               std::uint64_t seed, std::shared_ptr<SampleSink> sink)
    : ProcessSampler(
          std::move(memory), subject.whole,
          [&](const Memory& stoppable) { return std::make_unique<Sampler>(stoppable, subject, seed); }, seed,
          std::move(sink)) {}

ProcessSampler::ProcessSampler(std::shared_ptr<const Memory> memory, RunSubject subject, std::uint64_t seed,
                               std::shared_ptr<SampleSink> sink)
    : ProcessSampler(
          std::move(memory), true,
          [&](const Memory& stoppable) { return std::make_unique<RunSampler>(stoppable, subject); }, seed,
          std::move(sink)) {}

Result<std::uint64_t> ProcessSampler::begin(double cpu_share, std::stop_token permit) {
  const std::unique_lock turn(turn_, kPatience);
  if (!turn || permit.stop_requested())
    return fail(ErrorKind::kFailed, "the process holds up whoever reads its memory: no sampling");
  CpuMeter meter;
  memory_.obey(permit);
  permit_ = std::move(permit);
  pace_ = Pace(cpu_share, whole_);
  share_ = cpu_share;
  gone_ = false;
  ticks_ = 0;
  begin_ns_ = monotonic_ns();
  instants_.reset();
  looker_->restart();
  if (auto known = looker_->refresh(); !known) return std::unexpected(known.error());
  const bool at_once = !whole_ || looker_->total() <= kFewEnough;
  if (at_once) {
    if (auto first = look(true, meter, kStacksNs); !first) return std::unexpected(first.error());
    instants_.emplace(monotonic_ns(), pace_.period_ns(looker_->total()), random_());
  }
  // Here, and not when it is asked for: the last look of an earlier time may have the turn by then.
  const std::uint64_t first = instants_ ? next_instant() : begin_ns_;
  const std::lock_guard lock(figures_);
  first_instant_ns_ = first;
  if (!at_once) last_look_ns_ = begin_ns_;
  return last_look_ns_;
}

void ProcessSampler::look_last() {
  const bool long_looks = look_took_ns_ > kLongLookNs;
  if (long_looks) stop_looks();
  const std::unique_lock turn(turn_, kPatience);
  if (!turn) return;
  CpuMeter meter;
  if (!gone_ && !long_looks) (void)look(true, meter, kStacksNs);
  const std::uint64_t took = monotonic_ns() - begin_ns_;
  const std::lock_guard lock(figures_);
  cost_.time_ns += took;
  cost_.missed += took / kLookPeriodNs - std::min(took / kLookPeriodNs, ticks_);
}

std::uint64_t ProcessSampler::end() {
  running_ = false;
  stop_looks();
  const std::lock_guard lock(figures_);
  sink_->end(last_look_ns_);
  return last_look_ns_;
}

std::stop_token ProcessSampler::permit() {
  const std::lock_guard lock(figures_);
  stop_ = std::stop_source();
  return stop_.get_token();
}

void ProcessSampler::stop_looks() {
  const std::lock_guard lock(figures_);
  stop_.request_stop();
}

std::uint64_t ProcessSampler::first_instant() const {
  const std::lock_guard lock(figures_);
  return first_instant_ns_;
}

// Looks that are not paid for would be left out: nobody is woken to find that out, which costs as much as a
// look. Not for longer than kOwingNs, for shares change.
std::uint64_t ProcessSampler::next_instant() {
  const std::uint64_t now = monotonic_ns(), period_ns = pace_.period_ns(looker_->total());
  const std::uint64_t paid_ns = std::min(pace_.paid_at_ns(), now + kOwingNs);
  std::uint64_t at = instants_->next(now, period_ns);
  while (at < paid_ns) at = instants_->next(now, period_ns);
  return at;
}

std::optional<std::uint64_t> ProcessSampler::tick(CpuMeter& meter, std::uint64_t stacks_ns) {
  pace_.set_share(share_);
  gone_ = !look(false, meter, stacks_ns);
  if (gone_) return std::nullopt;
  if (!instants_) instants_.emplace(monotonic_ns(), pace_.period_ns(looker_->total()), random_());
  return next_instant();
}

Status ProcessSampler::look(bool whatever_it_costs, CpuMeter& meter, std::uint64_t stacks_ns) {
  const std::uint64_t now = monotonic_ns();
  const std::size_t total = looker_->total();
  std::size_t wanted = pace_.slots(total, now);
  if (wanted == 0 && whatever_it_costs) wanted = whole_ ? total : std::min(total, Sampler::kChunk);
  Status done;
  std::size_t slots = 0;
  bool all = false;
  if (wanted != 0) {
    if (anew_.exchange(false)) looker_->restart();
    const auto tick = looker_->look(now, wanted, stacks_ns);
    if (tick) {
      hand_on(**tick);
      slots = (*tick)->slots;
      all = (*tick)->all;
    } else {
      done = std::unexpected(tick.error());
    }
  }
  look_took_ns_ = monotonic_ns() - now;
  if (!whatever_it_costs && slots != 0) ++ticks_;
  const std::uint64_t cpu_ns = meter.take_ns();
  pace_.spent(slots, all || whole_, cpu_ns);
  wanted_share_ = pace_.wanted(looker_->total());
  const std::lock_guard lock(figures_);
  cost_.cpu_ns += cpu_ns;
  return done;
}

void ProcessSampler::hand_on(const SampleTick& tick) {
  const StackSet stacks = looker_->take_stacks();
  SampleClasses classes = looker_->take_classes();
  const std::lock_guard lock(figures_);
  if (permit_.stop_requested()) return;  // nobody counts on it any more
  if (!classes.empty()) sink_->define(tick.at_ns, std::move(classes), stacks);
  sink_->tick(tick);
  ++cost_.looks;
  if (tick.all) ++cost_.looks_at_all;
  cost_.goroutines_seen += tick.slots;
  cost_.without_stack += tick.without_stack;
  last_look_ns_ = tick.at_ns;
}

SamplingCost ProcessSampler::cost() const {
  const std::lock_guard lock(figures_);
  return cost_;
}

}  // namespace gorotrace
