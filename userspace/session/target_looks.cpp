#include "session/target_looks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/text.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kLookAfterGapNs = 100'000'000;
// The window's end waits for no look that takes longer.
constexpr std::uint64_t kLongestLastNs = 500'000'000;
constexpr std::uint64_t kNever = ~std::uint64_t{0};

template <typename T>
bool ready(const std::future<T>& result, std::uint64_t until_ns) {
  const std::uint64_t now = monotonic_ns();
  const std::chrono::nanoseconds patience(until_ns > now ? until_ns - now : 0);
  return result.wait_for(patience) == std::future_status::ready;
}

}  // namespace

TargetLooks::TargetLooks(std::shared_ptr<Target> target, std::shared_ptr<MemoryLook> look,
                         std::shared_ptr<CountersLook> counters, SessionWorkers& workers,
                         const TargetSampling& sampling, Notices& notices, std::uint64_t interval_ns)
    : target_(std::move(target)),
      look_(std::move(look)),
      counters_look_(std::move(counters)),
      workers_(workers),
      sampling_(sampling),
      notices_(notices),
      interval_ns_(interval_ns),
      user_(user_at_work(target_->process().pid())),
      asked_ns_(kNever),
      reading_ns_(kNever) {}

EmptyRuntime TargetLooks::begin_empty(std::uint64_t at_ns) {
  EmptyRuntime out;
  out.goroutines.counts.begin_ns = out.goroutines.counts.end_ns = at_ns;
  out.counters.counters.time_ns = at_ns;
  out.counters.counters.settled = true;
  out.counters.timed_runs = 0;
  start_ = Start{0, 0};
  if (target_->has_counters()) {
    first_ = CountersReading{out.counters.counters, {}, {}};
    first_counters_.emplace();
    first_counters_->counters = out.counters.counters;
    counters_ = first_counters_;
    first_counters_by_definition_ = true;
  }
  objects_due_ = false;  // nobody waits from before
  looked_whole_ = true;
  return out;
}

void TargetLooks::at(std::uint64_t at_ns) {
  asked_ns_ = std::min(asked_ns_, at_ns);
  objects_due_ = true;
}

bool TargetLooks::refresh(std::uint64_t now_ns) {
  constexpr std::uint64_t kYoungNs = 100'000'000;
  if (ending_) return true;
  if (running_ || !await_counters(0)) return false;
  if (now_ns <= looked_at_ns_ + kYoungNs || !rested(now_ns)) return true;
  asked_ns_ = std::min(asked_ns_, now_ns);
  ask_counters();
  return false;
}

void TargetLooks::mind_loss(std::uint64_t dropped, std::uint64_t now_ns) {
  if (dropped > dropped_seen_) at(now_ns + kLookAfterGapNs);
  dropped_seen_ = dropped;
}

void TargetLooks::tick(std::uint64_t now_ns) {
  if (ending_ || (running_ && !await(0))) return;
  const bool asked = now_ns >= asked_ns_ && now_ns >= looked_at_ns_ + took_ns_;
  if (asked || now_ns >= due_ns_) {
    if (asked) asked_ns_ = kNever;
    const bool objects = objects_due_ && !sampling_.running();
    if (objects) objects_due_ = false;
    start({.goroutines = true, .objects = objects, .reading = !start_}, Purpose::kOnTheWay);
  } else if (now_ns >= reading_ns_) {
    start({.goroutines = false, .objects = false, .reading = true}, Purpose::kOnTheWay);
  }
}

void TargetLooks::start(LookOrder order, Purpose purpose) {
  const auto result = std::make_shared<std::promise<LookResult>>();
  running_ = Running{result->get_future(), {}, order, purpose};
  workers_.looks.add(
      user_,
      [look = look_, order, result](const std::stop_token& stop) {
        result->set_value(look->take(order, stop));
      },
      running_->stop);
}

bool TargetLooks::await(std::uint64_t until_ns) {
  if (!ready(running_->result, until_ns)) return false;
  Running done = std::move(*running_);
  running_.reset();
  take_in(done.result.get(), done.order, done.purpose);
  return true;
}

void TargetLooks::take_in(const LookResult& result, const LookOrder& order, Purpose purpose) {
  const std::uint64_t now = monotonic_ns();
  if (result.proof != Proof::kHolds) {
    if (order.objects) objects_due_ = true;
    take_in_no_proof(result, now);
    return;
  }
  if (order.goroutines) {
    looked_at_ns_ = now;
    due_ns_ = now + interval_ns_;
    if (!result.goroutines) {
      if (target_->process().liveness() == Liveness::kAlive) notices_.add(result.goroutines.error().message);
    } else {
      counts_ = result.counts;
      took_ns_ = result.took_ns;
      looked_whole_ = looked_whole_ || counts_.not_reached == 0;
      if (counts_.not_reached != 0 && !ending_) {
        notices_.add(fmt::format("reading all goroutines was given up after {}: {} of them were not read",
                                 format_duration(took_ns_), counts_.not_reached));
      }
      due_ns_ = sampling_.running() ? kNever : now + std::max(interval_ns_, took_ns_ * kLookRest);
    }
    if (order.objects && !result.objects_read) objects_due_ = true;
  }
  if (!start_) take_in_start(result);
  // The models had not come so far.
  reading_ns_ = !start_ && looked_whole_ ? now + interval_ns_ : kNever;
  if (purpose == Purpose::kLast) last_ = result.reading;
}

// Tried anew at the next tick.
void TargetLooks::take_in_no_proof(const LookResult& result, std::uint64_t now_ns) {
  due_ns_ = now_ns;
  contradictions_ = result.proof == Proof::kContradicts ? contradictions_ + 1 : 0;
  if (contradictions_ == kContradictions) contradiction_ = result.contradiction;
}

void TargetLooks::take_in_start(const LookResult& result) {
  if (!result.totals || !result.totals->looked) return;
  // The look took a while: what came and went meanwhile is taken back out.
  const Tables& now = *result.totals;
  start_ = Start{now.live + (now.exited - now.exited_system) - (now.created - now.created_system),
                 now.of_c_threads};
  first_ = result.reading;
  if (!first_) {
    const std::string& why = target_->binary().counters_missing();
    notices_.add("the runtime's counters cannot be read" + (why.empty() ? "" : ": " + why));
  }
}

void TargetLooks::ask_counters() {
  // One that came when nobody waited is of then, not of now.
  if (!await_counters(0) || !target_->has_counters()) return;
  const auto result = std::make_shared<std::promise<std::optional<RuntimeReading>>>();
  counting_ = result->get_future();
  workers_.counters.add(
      user_, [look = counters_look_, result](const std::stop_token&) { result->set_value(look->take()); },
      {});
}

bool TargetLooks::await_counters(std::uint64_t until_ns) {
  if (!counting_) return true;
  if (!ready(*counting_, until_ns)) return false;
  if (auto reading = counting_->get()) {
    if (!first_counters_) first_counters_ = reading;
    // How long the histogram is the process tells; nothing had been in it.
    if (std::exchange(first_counters_by_definition_, false))
      first_counters_->time_to_run.assign(reading->time_to_run.size(), 0);
    counters_ = std::move(reading);
  }
  counting_.reset();
  return true;
}

void TargetLooks::begin_end(AtTheEnd wanted) {
  due_ns_ = asked_ns_ = reading_ns_ = kNever;
  ending_ = true;
  wanted_ = wanted;
  if (wanted == AtTheEnd::kNothing) return;
  ask_counters();
  if (!running_ || await(0)) start_last();
}

// Where looks take long the counters are read alone, which is right where no goroutine is a C thread's.
void TargetLooks::start_last() {
  const AtTheEnd wanted = std::exchange(wanted_, AtTheEnd::kNothing);
  if (wanted == AtTheEnd::kNothing) return;
  const bool fits = start_ && took_ns_ <= kLongestLastNs;
  last_left_out_ = start_ && !fits;
  const bool reading = wanted == AtTheEnd::kLookAndReading && (fits || counts_.extra == 0);
  if (fits || reading) start({.goroutines = fits, .objects = false, .reading = reading}, Purpose::kLast);
}

bool TargetLooks::ended(std::uint64_t until_ns) {
  while (running_ && await(until_ns)) start_last();
  return !running_ && await_counters(until_ns);
}

void TargetLooks::stop() {
  wanted_ = AtTheEnd::kNothing;
  if (running_) running_->stop.request_stop();
}

void TargetLooks::leave(std::uint64_t deadline_ns) {
  if (!ended(deadline_ns))
    notices_.add("the process holds up whoever reads its memory: one reading of its goroutines was given up");
  if (!looked_whole_) {
    const std::size_t all = counts_.seen + counts_.unreadable + counts_.not_reached;
    notices_.add(fmt::format(
        "the goroutines from before the window were still being read when it ended{}: the tables lack those "
        "that did nothing meanwhile",
        all == 0 ? "" : fmt::format(" ({} of {})", counts_.seen, all)));
  } else if (last_left_out_) {
    const std::uint64_t now = monotonic_ns();
    notices_.add(fmt::format(
        "no reading of all goroutines at the window's end, because it takes {}: what memory tells is {} old",
        format_duration(took_ns_), format_duration(now - std::min(now, looked_at_ns_))));
  }
  give_up();
}

void TargetLooks::give_up() {
  if (running_) running_->stop.request_stop();
  running_.reset();
  counting_.reset();
  ending_ = true;
}

}  // namespace gorotrace
