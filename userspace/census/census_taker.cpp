#include "census/census_taker.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

// Goroutines of one call. Their stacks follow at once, before they have moved on.
constexpr std::size_t kChunk = 128;
// A process whose stacks keep moving, or are many and new: later goroutines of that look go without.
constexpr std::uint64_t kStacksForNs = 100'000'000, kStacksOfChunkNs = 5'000'000;

std::uint64_t thread_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

GoroutineReader::Config impatient(GoroutineReader::Config config) {
  config.max_duration_ns = kStacksOfChunkNs;
  return config;
}

// The stack is that of the very stay that was counted.
bool same_stay(const GWords& w, const GoroutineSnapshot& g) {
  const bool syscall = w.state() == GStatus::kSyscall;
  return g.goid == w.goid && g.status == w.state() && g.tracking_seq == w.tracking_seq &&
         g.wait_reason == w.wait_reason && g.sp == (syscall ? w.syscallsp : w.sched_sp);
}

}  // namespace

CensusTaker::CensusTaker(const Memory& memory, CensusSubject subject, std::uint64_t seed)
    : memory_(memory),
      stacks_wanted_(subject.stacks),
      whole_(subject.whole),
      config_(impatient(std::move(subject.goroutines))),
      reader_(memory, config_),
      words_(memory, config_),
      allgs_(memory, config_.allgs_address, allgs_limits(config_)),
      random_(seed),
      census_(std::move(subject.census)) {
  if (subject.counters) counters_.emplace(memory_, *subject.counters);
}

CensusTaker::~CensusTaker() {
  if (running()) stop();
}

Result<std::uint64_t> CensusTaker::start(double cpu_share) {
  const std::unique_lock lock(mutex_);
  pace_ = Pace(cpu_share, whole_);
  stop_ = failed_ = false;
  thread_cpu_ns_ = thread_cpu_ns();
  const auto first = look(true);
  charge(0, false);
  if (!first) return std::unexpected(first.error());
  thread_ = std::thread([this] { run(); });
  return last_look_ns_;
}

std::uint64_t CensusTaker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_one();
  }
  thread_.join();
  return last_look_ns_;
}

void CensusTaker::run() {
  std::unique_lock lock(mutex_);
  thread_cpu_ns_ = 0;
  const std::uint64_t begin = monotonic_ns();
  Instants instants(begin, random_());
  while (!stop_ && !failed_) {
    const std::uint64_t at = instants.next(monotonic_ns());
    const std::chrono::steady_clock::time_point until{std::chrono::nanoseconds(at)};
    if (wake_.wait_until(lock, until, [this] { return stop_; })) break;
    failed_ = !look(false);
  }
  if (!failed_) (void)look(true);
  census_.end_segment();
  charge(0, false);
  cost_.missed += instants.missed();
  cost_.time_ns += monotonic_ns() - begin;
}

void CensusTaker::charge(std::size_t slots, bool all) {
  const std::uint64_t cpu = thread_cpu_ns();
  pace_.spent(slots, all, cpu - thread_cpu_ns_);
  cost_.cpu_ns += cpu - thread_cpu_ns_;
  thread_cpu_ns_ = cpu;
}

Status CensusTaker::look(bool whatever_it_costs) {
  const std::uint64_t now = monotonic_ns();
  if (auto fresh = allgs_.refresh(); !fresh) return fresh;
  const std::span<const std::uint64_t> pointers = allgs_.pointers();
  std::size_t wanted = pace_.slots(pointers.size(), now);
  if (wanted == 0 && whatever_it_costs)
    wanted = whole_ ? pointers.size() : std::min<std::size_t>(pointers.size(), kChunk);
  if (wanted == 0) {
    ++cost_.missed;
    charge(0, false);
    return {};
  }
  const bool all = wanted >= pointers.size();
  if (all) {
    if (ordered_ != pointers.size()) {
      choose_slots(pointers.size(), pointers.size(), random_, by_address_);
      std::ranges::sort(by_address_, {}, [&](const Choice& c) { return pointers[c.slot]; });
      ordered_ = pointers.size();
    }
  } else {
    choose_slots(pointers.size(), wanted, random_, choices_);
  }
  std::optional<std::int64_t> live;
  if (counters_) {
    if (const auto counters = counters_->read()) live = counters->live;
  }
  census_.begin_look(now, all);
  stacks_until_ns_ = now + kStacksForNs;
  const std::span<const Choice> choices(all ? by_address_ : choices_);
  for (std::size_t at = 0; at < choices.size(); at += kChunk) {
    if (auto done = look_at(choices.subspan(at, std::min(kChunk, choices.size() - at))); !done) return done;
  }
  census_.end_look(live);
  last_look_ns_ = now;
  charge(choices.size(), all);
  return {};
}

Status CensusTaker::look_at(std::span<const Choice> chunk) {
  const std::span<const std::uint64_t> pointers = allgs_.pointers();
  constexpr std::uint32_t kNotRead = ~0u;
  positions_.clear();
  for (std::uint32_t i = 0; i < chunk.size(); ++i) {
    if (pointers[chunk[i].slot] != 0) positions_.push_back(i);
  }
  std::ranges::sort(positions_, {}, [&](std::uint32_t i) { return pointers[chunk[i].slot]; });
  read_as_.assign(chunk.size(), kNotRead);
  gs_.clear();
  for (const std::uint32_t i : positions_) {
    read_as_[i] = static_cast<std::uint32_t>(gs_.size());
    gs_.push_back(pointers[chunk[i].slot]);
  }
  if (!words_.read_words(gs_))
    return fail(ErrorKind::kNoProcess, "the process is gone: it ended during a look of the census");

  wanted_.clear();
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    const std::uint32_t at = read_as_[i];
    const bool there = at != kNotRead && words_.look(at) != Look::kUnreadable;
    const auto number = census_.see(chunk[i], there ? &words_.words(at) : nullptr);
    if (number) wanted_.push_back({gs_[at], *number, at});
  }
  if (!wanted_.empty()) return place_wanted();
  return {};
}

Status CensusTaker::place_wanted() {
  std::ranges::sort(wanted_, {}, &Wanted::g);
  wanted_gs_.clear();
  for (const Wanted& w : wanted_) wanted_gs_.push_back(w.g);
  Snapshot stacks;
  if (stacks_wanted_ && monotonic_ns() < stacks_until_ns_) {
    auto read = reader_.read(wanted_gs_, StackDepth::kAsProbes);
    if (!read) return std::unexpected(read.error());
    stacks = std::move(*read);
  }
  std::size_t next = 0;
  for (const Wanted& w : wanted_) {
    while (next < stacks.goroutines.size() && stacks.goroutines[next].g < w.g) ++next;
    std::uint64_t id = 0;
    if (next < stacks.goroutines.size() && stacks.goroutines[next].g == w.g) {
      const GoroutineSnapshot& g = stacks.goroutines[next];
      if (same_stay(words_.words(w.at), g)) id = g.stack_id;
      if (id != 0) {
        const StackSet::Stack stack = stacks.stacks[g.stack];
        stacks_.add(stack.id, stack.pcs, stack.truncated);
      }
    }
    census_.place(w.number, id);
  }
  return {};
}

void CensusTaker::set_share(double cpu_share) {
  const std::lock_guard lock(mutex_);
  pace_.set_share(cpu_share);
}

CensusTables CensusTaker::tables() const {
  const std::lock_guard lock(mutex_);
  return census_.tables();
}

std::array<std::uint64_t, kGStates> CensusTaker::in_state() const {
  const std::lock_guard lock(mutex_);
  return census_.in_state();
}

std::vector<StandingWait> CensusTaker::standing() const {
  const std::lock_guard lock(mutex_);
  return census_.standing();
}

std::vector<LastMove> CensusTaker::moves() const {
  const std::lock_guard lock(mutex_);
  return census_.moves();
}

CensusCost CensusTaker::cost() const {
  const std::lock_guard lock(mutex_);
  return cost_;
}

StackSet CensusTaker::take_stacks() {
  const std::lock_guard lock(mutex_);
  return std::exchange(stacks_, {});
}

}  // namespace gorotrace
