#include "census/sample_scheduler.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "census/shares.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kDivideNs = 100'000'000;
// A look that takes longer does not hold up the others any more. Looks are 0.02 to 1 ms, but for new stacks.
constexpr std::uint64_t kPatienceNs = 200'000'000;
// New stacks of one look: of one process alone, and of each of many.
constexpr std::uint64_t kStacksNs = 100'000'000, kFewestStacksNs = 2'000'000;

std::chrono::steady_clock::time_point time_of(std::uint64_t ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(ns));
}

}  // namespace

SampleScheduler::~SampleScheduler() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    lead_.notify_all();
    watch_.notify_all();
  }
  for (const auto& worker : workers_) worker->thread.join();
}

Result<std::uint64_t> SampleScheduler::start(CensusTaker& census) {
  std::size_t others = 0;
  {
    const std::lock_guard lock(mutex_);
    others = running_.size();
  }
  auto from = census.begin(cpu_share_ / static_cast<double>(others + 1));
  if (!from) return from;
  const std::uint64_t at_ns = census.first_instant();
  const std::lock_guard lock(mutex_);
  const Entry entry{&census, ++starts_};
  running_.push_back(entry);
  divide(monotonic_ns());
  queue(at_ns, entry);
  // Who watches is needed for the others' sake.
  while (workers_.size() < std::min<std::size_t>(running_.size(), 2) && add_worker()) {
  }
  if (workers_.empty()) {
    running_.clear();
    queue_.clear();
    (void)census.end();
    return fail_errno(EAGAIN, "starting a thread that looks at goroutines");
  }
  lead_.notify_all();
  return from;
}

std::uint64_t SampleScheduler::stop(CensusTaker& census) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(running_, [&census](const Entry& e) { return e.census == &census; });
    std::erase_if(queue_, [&census](const Due& d) { return d.entry.census == &census; });
    std::ranges::make_heap(queue_, std::greater{});
    divide(monotonic_ns());
  }
  return census.end();
}

bool SampleScheduler::add_worker() {
  auto worker = std::make_unique<Worker>();
  try {
    worker->thread = std::thread([this, self = worker.get()] { run(*self); });
  } catch (const std::system_error&) {
    return false;
  }
  if (leader_ == nullptr) leader_ = worker.get();
  workers_.push_back(std::move(worker));
  return true;
}

void SampleScheduler::queue(std::uint64_t at_ns, Entry entry) {
  queue_.push_back({at_ns, entry});
  std::ranges::push_heap(queue_, std::greater{});
}

bool SampleScheduler::running(Entry entry) const {
  return std::ranges::any_of(running_, [entry](const Entry& e) { return e.number == entry.number; });
}

void SampleScheduler::divide(std::uint64_t now_ns) {
  divide_ns_ = now_ns + kDivideNs;
  std::vector<double> wanted;
  wanted.reserve(running_.size());
  for (const Entry& e : running_) wanted.push_back(e.census->wanted_share());
  const std::vector<double> shares = fair_shares(cpu_share_, wanted);
  for (std::size_t i = 0; i < running_.size(); ++i) running_[i].census->set_share(shares[i]);
}

void SampleScheduler::run(Worker& self) {
  CpuMeter meter;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (leader_ == &self) {
      lead(self, meter, lock);
    } else {
      watch(self, lock);
    }
  }
}

void SampleScheduler::watch(Worker& self, std::unique_lock<std::mutex>& lock) {
  watch_.wait_for(lock, std::chrono::nanoseconds(kPatienceNs));
  const std::uint64_t since = leader_->looks_since_ns;
  if (stop_ || leader_ == &self || since == 0 || monotonic_ns() < since + kPatienceNs) return;
  leader_ = &self;
  const bool another_watches = std::ranges::any_of(
      workers_, [&](const auto& w) { return w.get() != &self && w->looks_since_ns == 0; });
  if (!another_watches && workers_.size() < kMostThreads) (void)add_worker();
}

void SampleScheduler::lead(Worker& self, CpuMeter& meter, std::unique_lock<std::mutex>& lock) {
  if (queue_.empty()) {
    lead_.wait(lock);
    return;
  }
  const std::uint64_t now = monotonic_ns();
  if (queue_.front().at_ns > now) {
    lead_.wait_until(lock, time_of(queue_.front().at_ns));
    return;
  }
  std::ranges::pop_heap(queue_, std::greater{});
  const Entry entry = queue_.back().entry;
  queue_.pop_back();
  const std::uint64_t stacks_ns = std::max(kStacksNs / running_.size(), kFewestStacksNs);
  self.looks_since_ns = now;
  std::optional<std::uint64_t> next;
  {
    // Before anybody can stop it: stop() waits for the turn.
    const auto turn = entry.census->take_turn();
    lock.unlock();
    next = entry.census->tick(meter, stacks_ns);
  }
  lock.lock();
  self.looks_since_ns = 0;
  if (next && running(entry)) queue(*next, entry);
  if (monotonic_ns() >= divide_ns_) divide(monotonic_ns());
}

}  // namespace gorotrace
