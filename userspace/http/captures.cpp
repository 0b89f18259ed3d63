#include "http/captures.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/text.h"
#include "http/capture_answers.h"
#include "http/capture_slot.h"
#include "http/pprof_words.h"
#include "session/short_recording.h"
#include "session/target.h"

namespace gorotrace {
namespace {

using Clock = CaptureSlot::Clock;

// A capture lies in memory, and a trace is made of it there: an event takes some 5 bytes in the one and some
// 15 in the other.
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20, kMostTraceEvents = 4'000'000;
constexpr double kSampleCpu = 0.05;  // gorotrace record's, while the block group is off
// Loading programs, the last look, and making an answer of what was recorded.
constexpr std::chrono::seconds kBesideDuration{30};
constexpr std::chrono::seconds kToEnd{5};

constexpr unsigned kForbidden = 403, kUnavailable = 503;

ShortRecordingOptions options_of(CaptureKind kind, const CaptureWanted& wanted, double budget_percent) {
  ShortRecordingOptions out;
  out.groups = wanted.groups;
  out.budget_share = budget_percent / 100;
  out.duration = wanted.duration;
  out.max_bytes = kMostBytes;
  if (kind == CaptureKind::kTrace) out.max_records = kMostTraceEvents;
  if (kind == CaptureKind::kFile) out.sample_cpu = kSampleCpu;
  return out;
}

unsigned status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNoProcess:
      return 410;
    case ErrorKind::kUnsupported:
    case ErrorKind::kKernel:
      return 501;
    default:
      return 500;
  }
}

std::string failed_to(CaptureKind kind, const std::string& why) {
  return kind == CaptureKind::kTrace ? "Could not enable tracing: " + why : why;
}

}  // namespace

struct Captures::Shared {
  explicit Shared(std::shared_ptr<Agent> of) : agent(std::move(of)) {}

  struct Job {
    CaptureKind kind;
    AgentTarget target;
    ShortRecordingOptions options;
    std::stop_token unwanted;
    std::function<void(Response)> answer;
  };
  void run(const Job& job, std::shared_ptr<CaptureSlot::Held> slot);
  [[nodiscard]] Result<Response> work(const Job& job, CaptureSlot::Held& slot, CaptureEnd& end);

  const std::shared_ptr<Agent> agent;
  CaptureSlot slot;
  CaptureCounts counts;
  std::mutex mutex;  // what follows
  bool allowed = true;
  double budget_percent = 10;
};

Result<Response> Captures::Shared::work(const Job& job, CaptureSlot::Held& slot_of_it, CaptureEnd& end) {
  const pid_t pid = job.target.pid;
  auto target = Target::open(job.target.name(), agent->binaries());
  if (!target) return std::unexpected(target.error());
  if ((*target)->process().start_time_ticks() != job.target.start_time_ticks)
    return fail(ErrorKind::kNoProcess, fmt::format("process {} has ended", pid));
  if (job.unwanted.stop_requested() || !slot_of_it.attach(Clock::now() + job.options.duration))
    return fail(ErrorKind::kFailed, fmt::format("process {} did not let its memory be read in time", pid));
  auto recording = record_shortly(*std::move(target), job.options, job.unwanted, [&](const StatFacts& facts) {
    counts.took(job.kind, facts, monotonic_ns());
  });
  if (!recording) return std::unexpected(recording.error());
  end = static_cast<CaptureEnd>(recording->end);
  switch (job.kind) {
    case CaptureKind::kTrace:
      return trace_answer(*recording, job.unwanted);
    case CaptureKind::kCreation:
      return creation_answer(*recording, job.unwanted);
    case CaptureKind::kFile:
      break;
  }
  return capture_file_answer(*recording, job.target.id);
}

void Captures::Shared::run(const Job& job, std::shared_ptr<CaptureSlot::Held> held) {
  CaptureEnd end = CaptureEnd::kFailed;
  auto response = work(job, *held, end);
  if (job.unwanted.stop_requested()) end = CaptureEnd::kClient;
  counts.ended(job.kind, end);
  if (!response) {
    held.reset();  // who is told may ask again at once
    job.answer(pprof_error(status_of(response.error().kind), failed_to(job.kind, response.error().message)));
    return;
  }
  // In memory it is until the client has it; what was copied out of it is not.
  if (response->file) response->keeps = std::move(held);
  held.reset();
  job.answer(*std::move(response));
}

Captures::Captures(std::shared_ptr<Agent> agent) : shared_(std::make_shared<Shared>(std::move(agent))) {}

Captures::~Captures() {
  const std::lock_guard lock(crew_mutex_);
  crew_.leave(kToEnd);
}

void Captures::configure(bool allowed, double budget_percent) {
  const std::lock_guard lock(shared_->mutex);
  shared_->allowed = allowed;
  shared_->budget_percent = budget_percent;
}

void Captures::begin(CaptureKind kind, const AgentTarget& target, const CaptureWanted& wanted,
                     const Request& request, std::function<void(Response)> answer) {
  bool allowed = true;
  double budget_percent = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    allowed = shared_->allowed;
    budget_percent = shared_->budget_percent;
  }
  if (!allowed) {
    shared_->counts.refused(CaptureRefusal::kOff);
    return answer(pprof_error(
        kForbidden, failed_to(kind, "captures are off in this node's configuration: nothing is attached")));
  }
  // Nobody would get what probes were attached for.
  if (request.method == Method::kHead) return answer(capture_head_answer(kind, target.id));
  const auto busy = [&](const std::string& why, std::chrono::seconds again) {
    shared_->counts.refused(CaptureRefusal::kBusy);
    Response out = pprof_error(kUnavailable, failed_to(kind, why));
    out.headers.emplace_back("Retry-After", fmt::format("{}", again.count()));
    answer(std::move(out));
  };
  auto taken = shared_->slot.take(target.id, Clock::now(), request.unwanted);
  if (const auto* other = std::get_if<SlotTaken>(&taken)) return busy(other->why, other->again);
  if (request.takes_longer)
    request.takes_longer(std::chrono::ceil<std::chrono::seconds>(wanted.duration) + kBesideDuration);
  auto job = std::make_shared<const Shared::Job>(
      Shared::Job{kind, target, options_of(kind, wanted, budget_percent), request.unwanted, answer});
  auto held = std::get<std::shared_ptr<CaptureSlot::Held>>(std::move(taken));
  spdlog::info("{} of {} ({}) for {}", name_of(kind), target.id, printable(target.executable, 256),
               format_duration(static_cast<std::uint64_t>(wanted.duration.count())));
  const std::lock_guard lock(crew_mutex_);
  // A thread's own: it is gone once the work is done, and not when the thread is joined.
  auto slot = std::make_shared<std::shared_ptr<CaptureSlot::Held>>(std::move(held));
  if (!crew_.add([shared = shared_, job, slot] { shared->run(*job, std::exchange(*slot, nullptr)); }))
    busy("there is no thread to be had", std::chrono::seconds(1));
}

std::vector<MetricFamily> Captures::metrics() const {
  return shared_->counts.families(shared_->slot.taken());
}

}  // namespace gorotrace
