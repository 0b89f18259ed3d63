#include "agent/watched_target.h"

#include <algorithm>
#include <utility>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/cpu_time.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kOldestNs = 60'000'000'000;  // however dear a reading is
constexpr auto kYoungNs =
    static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Agent::kFresh).count());

}  // namespace

WatchedTarget::WatchedTarget(std::shared_ptr<Target> target, std::string user,
                             std::shared_ptr<ReadingsOver> over)
    : target_(std::move(target)),
      user_(std::move(user)),
      over_(std::move(over)),
      reader_(target_->counter_reader()) {}

bool WatchedTarget::young(ReadingKind kind, double ns_per_cpu_ns) const {
  const bool metrics = kind == ReadingKind::kMetrics;
  const std::uint64_t at = metrics ? figures_.metrics_ns : figures_.counters_ns;
  if (at == 0) return false;
  const double cost = static_cast<double>(metrics ? metrics_cost_ : counters_cost_) * ns_per_cpu_ns;
  const double pause = std::clamp(cost, static_cast<double>(kYoungNs), static_cast<double>(kOldestNs));
  return static_cast<double>(since(monotonic_ns(), at)) < pause;
}

bool WatchedTarget::is_young(ReadingKind kind, double ns_per_cpu_ns) const {
  const std::lock_guard lock(mutex_);
  return young(kind, ns_per_cpu_ns);
}

bool WatchedTarget::was_read(ReadingKind kind, std::uint64_t since_ns) const {
  const std::lock_guard lock(mutex_);
  return (kind == ReadingKind::kMetrics ? metrics_over_ns_ : counters_over_ns_) >= since_ns;
}

bool WatchedTarget::begin(ReadingKind kind, double ns_per_cpu_ns) {
  const std::lock_guard lock(mutex_);
  if (begun_ns_ != 0 || young(kind, ns_per_cpu_ns)) return false;
  begun_ns_ = monotonic_ns();
  return true;
}

Result<RuntimeCounters> WatchedTarget::read_counters() {
  if (!reader_) return fail(ErrorKind::kUnsupported, target_->binary().counters_missing());
  auto counters = reader_->read();
  if (!counters) return std::unexpected(target_->process().explain(counters.error()));
  // What was read was perhaps of a program that the process executed meanwhile.
  if (target_->process().liveness() != Liveness::kAlive)
    return fail(ErrorKind::kNoProcess, "the process ended or executed another program while it was read");
  return counters;
}

GoFigures WatchedTarget::read_metrics() {
  const GoBinary& go = target_->binary();
  GoFigures out;
  out.version = go.version().text;
  const auto& layout = target_->metrics_layout();
  if (!layout) return out;
  if (!metrics_reader_)
    metrics_reader_.emplace(target_->process(), *layout, go.offsets(), go.version().minor,
                            target_->load_bias());
  out.metrics = metrics_of(metrics_reader_->read(), go.version().minor);
  out.threads = count_threads(metrics_reader_->source());  // which are in memory already
  metrics_reader_->forget();
  out.pauses = read_gc_pauses(metrics_reader_->source());
  return out;
}

void WatchedTarget::read(ReadingKind kind) {
  const std::uint64_t cpu_begin = thread_cpu_ns();
  // Found once for each binary: of no reading's price.
  if (kind == ReadingKind::kMetrics) (void)target_->metrics_layout();
  const std::uint64_t cpu_prepared = thread_cpu_ns();
  GoFigures go;
  if (kind == ReadingKind::kMetrics) go = read_metrics();
  const auto counters = read_counters();  // last: says whether all the rest was of this program
  const std::uint64_t cpu_end = thread_cpu_ns();
  {
    const std::lock_guard lock(mutex_);
    over(kind);
    figures_.cpu_ns += cpu_end - cpu_begin;
    (kind == ReadingKind::kMetrics ? metrics_cost_ : counters_cost_) = cpu_end - cpu_prepared;
    figures_.error = counters ? "" : counters.error().message;
    if (!counters) {
      ++figures_.errors;
    } else {
      figures_.counters = *counters;
      figures_.counters_ns = counters->time_ns;
      const std::int64_t alive = counters->live + counters->system;
      const std::uint64_t live = alive > 0 ? static_cast<std::uint64_t>(alive) : 0;
      if (counters->created > live) figures_.exited = std::max(figures_.exited, counters->created - live);
      if (kind == ReadingKind::kMetrics) {
        go.goroutines = counters->live;
        go_ = std::make_shared<const GoFigures>(std::move(go));
        figures_.metrics_ns = counters->time_ns;
      }
    }
  }
  wake_waiters();
}

void WatchedTarget::leave_out(ReadingKind kind) {
  {
    const std::lock_guard lock(mutex_);
    over(kind);
    ++figures_.errors;
    figures_.error = "not read: other processes of user " + user_ + " hold up whoever reads them";
  }
  wake_waiters();
}

void WatchedTarget::over(ReadingKind kind) {
  begun_ns_ = 0;
  counters_over_ns_ = monotonic_ns();
  if (kind == ReadingKind::kMetrics) metrics_over_ns_ = counters_over_ns_;
  ++figures_.readings;
}

void WatchedTarget::wake_waiters() {
  // Whoever found nothing under the mutex waits by now; with it held they would wake only to wait for it.
  {
    const std::lock_guard lock(over_->mutex);
  }
  over_->over.notify_all();
}

TargetFigures WatchedTarget::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

std::shared_ptr<const GoFigures> WatchedTarget::go_figures() const {
  const std::lock_guard lock(mutex_);
  return go_;
}

std::optional<std::chrono::nanoseconds> WatchedTarget::reading_for() const {
  const std::lock_guard lock(mutex_);
  if (begun_ns_ == 0) return std::nullopt;
  return std::chrono::nanoseconds(since(monotonic_ns(), begun_ns_));
}

}  // namespace gorotrace
