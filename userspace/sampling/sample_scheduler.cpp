#include "sampling/sample_scheduler.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/crew.h"
#include "sampling/shares.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMostThreads = 64;  // so many processes but one may hold up theirs
// The begin and the end of sampling.
constexpr std::chrono::milliseconds kEndPatience(1000);
constexpr std::uint64_t kDivideNs = 100'000'000;
// A look that takes longer does not hold up the others any more. Looks are 0.02 to 1 ms, but for new stacks.
constexpr std::uint64_t kPatienceNs = 200'000'000;
// New stacks of one look: of one process alone, and of each of many.
constexpr std::uint64_t kMostStacksNs = 100'000'000, kFewestStacksNs = 2'000'000;

}  // namespace

// What the threads share with the scheduler, which may be gone before the last of them is.
struct SampleScheduler::Shared : std::enable_shared_from_this<Shared> {
  struct Entry {
    std::shared_ptr<ProcessSampler> sampling;
    std::uint64_t number;  // of the start: the same object may be started again
  };
  struct Due {
    std::uint64_t at_ns;
    Entry entry;
    [[nodiscard]] bool operator>(const Due& o) const { return at_ns > o.at_ns; }
  };
  struct Worker {
    std::uint64_t looks_since_ns = 0;  // 0: does not look
  };

  explicit Shared(double share) : cpu_share(share) {}
  template <typename Out>
  [[nodiscard]] std::optional<Out> on_a_thread(std::function<Out()> read);
  void run(Worker& self);
  void lead(Worker& self, CpuMeter& meter, std::unique_lock<std::mutex>& lock);
  void watch(Worker& self, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool add_worker();  // false when there is no thread to be had
  void queue_up(std::uint64_t at_ns, Entry entry);
  [[nodiscard]] bool is_running(const Entry& entry) const;
  void divide(std::uint64_t now_ns);

  const double cpu_share;
  std::mutex mutex;  // what follows
  std::condition_variable to_lead, to_watch;
  bool stopped = false;
  std::vector<Entry> running;
  std::uint64_t starts = 0;
  std::vector<Due> queue;  // a heap, the earliest first
  std::uint64_t divide_ns = 0;
  std::vector<std::unique_ptr<Worker>> workers;
  Worker* leader = nullptr;
  Crew crew{"gt-sample"};
};

SampleScheduler::SampleScheduler(double cpu_share) : shared_(std::make_shared<Shared>(cpu_share)) {}

SampleScheduler::~SampleScheduler() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    shared_->running.clear();
    shared_->queue.clear();
    shared_->to_lead.notify_all();
    shared_->to_watch.notify_all();
  }
  shared_->crew.leave();
}

// Reads memory on a thread that may be held up, and waits for it, but not for ever.
template <typename Out>
std::optional<Out> SampleScheduler::Shared::on_a_thread(std::function<Out()> read) {
  const auto done = std::make_shared<std::promise<Out>>();
  std::future<Out> out = done->get_future();
  {
    const std::lock_guard lock(mutex);
    if (!crew.add([read = std::move(read), done] { done->set_value(read()); })) return std::nullopt;
  }
  if (out.wait_for(kEndPatience) != std::future_status::ready) return std::nullopt;
  return out.get();
}

Result<std::uint64_t> SampleScheduler::start(std::shared_ptr<ProcessSampler> sampling) {
  Shared& s = *shared_;
  std::size_t others = 0;
  {
    const std::lock_guard lock(s.mutex);
    others = s.running.size();
  }
  using From = Result<std::uint64_t>;
  const double share = s.cpu_share / static_cast<double>(others + 1);
  const auto from = s.on_a_thread<From>(
      [sampling, share, permit = sampling->permit()] { return sampling->begin(share, permit); });
  if (!from) {
    (void)sampling->end();
    return fail(ErrorKind::kFailed, "the process holds up whoever reads its memory: no sampling");
  }
  if (!*from) return *from;
  sampling->begun();
  const std::uint64_t at_ns = sampling->first_instant();
  const std::lock_guard lock(s.mutex);
  const Shared::Entry entry{sampling, ++s.starts};
  s.running.push_back(entry);
  s.divide(monotonic_ns());
  s.queue_up(at_ns, entry);
  // Who watches is needed for the others' sake.
  while (s.workers.size() < std::min<std::size_t>(s.running.size(), 2) && s.add_worker()) {
  }
  if (s.workers.empty()) {
    s.running.clear();
    s.queue.clear();
    (void)sampling->end();
    return fail_errno(EAGAIN, "starting a thread that samples goroutines");
  }
  s.to_lead.notify_all();
  return *from;
}

std::uint64_t SampleScheduler::stop(const std::shared_ptr<ProcessSampler>& sampling) {
  {
    const std::lock_guard lock(shared_->mutex);
    std::erase_if(shared_->running, [&sampling](const Shared::Entry& e) { return e.sampling == sampling; });
    std::erase_if(shared_->queue, [&sampling](const Shared::Due& d) { return d.entry.sampling == sampling; });
    std::ranges::make_heap(shared_->queue, std::greater{});
    shared_->divide(monotonic_ns());
  }
  (void)shared_->on_a_thread<bool>([sampling] {
    sampling->look_last();
    return true;
  });
  return sampling->end();
}

bool SampleScheduler::Shared::add_worker() {
  auto worker = std::make_unique<Worker>();
  if (!crew.add([all = shared_from_this(), self = worker.get()] { all->run(*self); })) return false;
  if (leader == nullptr) leader = worker.get();
  workers.push_back(std::move(worker));
  return true;
}

void SampleScheduler::Shared::queue_up(std::uint64_t at_ns, Entry entry) {
  queue.push_back({at_ns, entry});
  std::ranges::push_heap(queue, std::greater{});
}

bool SampleScheduler::Shared::is_running(const Entry& entry) const {
  return std::ranges::any_of(running, [&entry](const Entry& e) { return e.number == entry.number; });
}

void SampleScheduler::Shared::divide(std::uint64_t now_ns) {
  divide_ns = now_ns + kDivideNs;
  std::vector<double> wanted;
  wanted.reserve(running.size());
  for (const Entry& e : running) wanted.push_back(e.sampling->wanted_share());
  const std::vector<double> shares = fair_shares(cpu_share, wanted);
  for (std::size_t i = 0; i < running.size(); ++i) running[i].sampling->set_share(shares[i]);
}

void SampleScheduler::Shared::run(Worker& self) {
  CpuMeter meter;
  std::unique_lock lock(mutex);
  while (!stopped) {
    if (leader == &self) {
      lead(self, meter, lock);
    } else {
      watch(self, lock);
    }
  }
}

void SampleScheduler::Shared::watch(Worker& self, std::unique_lock<std::mutex>& lock) {
  to_watch.wait_for(lock, std::chrono::nanoseconds(kPatienceNs));
  const std::uint64_t since = leader->looks_since_ns;
  if (stopped || leader == &self || since == 0 || monotonic_ns() < since + kPatienceNs) return;
  leader = &self;
  const bool another_watches =
      std::ranges::any_of(workers, [&](const auto& w) { return w.get() != &self && w->looks_since_ns == 0; });
  if (!another_watches && workers.size() < kMostThreads) (void)add_worker();
}

void SampleScheduler::Shared::lead(Worker& self, CpuMeter& meter, std::unique_lock<std::mutex>& lock) {
  if (queue.empty()) {
    to_lead.wait(lock);
    return;
  }
  const std::uint64_t now = monotonic_ns();
  if (queue.front().at_ns > now) {
    to_lead.wait_until(lock, steady_time(queue.front().at_ns));
    return;
  }
  std::ranges::pop_heap(queue, std::greater{});
  const Entry entry = queue.back().entry;
  queue.pop_back();
  const std::uint64_t stacks_ns = std::max(kMostStacksNs / running.size(), kFewestStacksNs);
  self.looks_since_ns = now;
  std::optional<std::uint64_t> next;
  {
    // Before anybody can stop it: stop() waits for the turn.
    const auto turn = entry.sampling->take_turn();
    lock.unlock();
    next = entry.sampling->tick(meter, stacks_ns);
  }
  lock.lock();
  self.looks_since_ns = 0;
  if (next && is_running(entry)) queue_up(*next, entry);
  if (monotonic_ns() >= divide_ns) divide(monotonic_ns());
}

}  // namespace gorotrace
