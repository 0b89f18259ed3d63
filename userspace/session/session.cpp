#include "session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

// Without probes no record of a former owner is ever on its way: a slot is free at once.
constexpr std::uint16_t kSlotsWithoutProbes = 4096;
constexpr std::uint64_t kAllPasses = ~std::uint64_t{0};
constexpr std::uint64_t kMs = 1'000'000;
// The kernel's grace periods are 40-120 ms, and others may go first.
constexpr std::uint64_t kDetachNs = 2000 * kMs;

}  // namespace

Result<std::unique_ptr<Session>> Session::make(const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session(options));
  CaptureOptions capture = options.capture;
  capture.groups = options.groups;
  auto pipeline = Pipeline::make(capture, options.sharing, options.waits, options.recorder);
  if (!pipeline) return std::unexpected(pipeline.error());
  session->pipeline_ = std::move(*pipeline);
  if (session->pipeline_->capture() == nullptr) session->slots_.emplace(kSlotsWithoutProbes);
  return session;
}

Session::~Session() {
  for (auto& t : traced_) t->shut();
}

Traced* Session::find(TargetId target) const {
  const auto found = std::ranges::find_if(traced_, [target](const auto& t) { return t->id() == target; });
  return found != traced_.end() ? found->get() : nullptr;
}

std::vector<Traced*> Session::all() const {
  std::vector<Traced*> out;
  for (const auto& t : traced_) out.push_back(t.get());
  return out;
}

void Session::expect(const Target& target) {
  pipeline_->sharing().expect(target.process().pid(), target.binary().image().file().identity());
}

Result<TargetId> Session::add(std::unique_ptr<Target> target) {
  const auto free = slots_ ? slots_->take(kAllPasses) : std::optional<TargetId>(0);
  if (!free) return fail(ErrorKind::kFailed, fmt::format("already looking at {} processes", traced_.size()));
  auto traced = Traced::make(std::move(target), *free, *pipeline_, share_, workers_, options_);
  const Status begun = traced ? (*traced)->begin() : Status(std::unexpected(traced.error()));
  if (!begun) {
    if (slots_) slots_->give_back(*free, 0);
    return std::unexpected(begun.error());
  }
  traced_.push_back(std::move(*traced));
  return traced_.back()->id();
}

void Session::tick() {
  pipeline_->acknowledge();
  workers_.looks.look_after();
  workers_.counters.look_after();
  for (auto& t : traced_) t->tick();
  if (const int error = pipeline_->read_error(); error != 0) {
    for (auto& t : traced_)
      t->notices().add(fmt::format("the ring buffers cannot be read any more: errno {}", error));
  }
}

std::optional<std::uint64_t> Session::due_ns() const {
  const std::uint64_t now = monotonic_ns();
  std::optional<std::uint64_t> due;
  for (const auto& t : traced_) {
    const auto at = t->due_after(now);
    if (at && (!due || *at < *due)) due = at;
  }
  return due && *due < now + kTickMs * kMs ? due : std::nullopt;
}

// The last looks of these targets beside each other, in a time that grows little with their number, and with
// an eye on everybody's budget.
void Session::end_looks(const std::vector<Traced*>& targets, bool with_a_look) {
  constexpr std::uint64_t kPatienceNs = 500 * kMs, kOfEachNs = 5 * kMs;
  // One that was told to stop is in a call of the kernel, or sorts and counts what it has.
  constexpr std::uint64_t kStopNs = 300 * kMs;
  for (Traced* t : targets) t->begin_end(with_a_look);
  const std::uint64_t deadline = monotonic_ns() + kPatienceNs + kOfEachNs * targets.size();
  for (Traced* t : targets) {
    while (!t->looks_ended(std::min(deadline, monotonic_ns() + kTickMs * kMs)) && monotonic_ns() < deadline)
      tick();
  }
  for (Traced* t : targets) t->stop_looks();
  const std::uint64_t stopped = monotonic_ns() + kStopNs;
  for (Traced* t : targets) t->leave_looks(stopped);
}

void Session::end(TargetId target) {
  Traced* t = find(target);
  if (t == nullptr || !t->life().traced()) return;
  end_looks({t}, true);
  t->stop_sampling();
  pipeline_->hold();
  t->end_window(WindowEnd::kRemoved, monotonic_ns());
  t->detach();
  await(monotonic_ns() + kDetachNs, [t] { return t->life().state() == TargetState::kEnded; });
  await(monotonic_ns() + Pipeline::kSettleNs, [&] { return pipeline_->events(target).on_their_way() == 0; });
  pipeline_->let_go();
}

void Session::await(std::uint64_t deadline_ns, const std::function<bool()>& is_so) {
  constexpr std::chrono::milliseconds kPause(2);
  std::uint64_t next_tick = 0;
  for (std::uint64_t now = monotonic_ns(); !is_so() && now < deadline_ns; now = monotonic_ns()) {
    if (now >= next_tick) {
      tick();
      next_tick = now + kTickMs * kMs;
    }
    std::this_thread::sleep_for(kPause);
  }
}

void Session::remove(TargetId target) {
  Traced* t = find(target);
  if (t == nullptr) return;
  end(target);
  t->forget();
  std::erase_if(traced_, [t](const auto& one) { return one.get() == t; });
  if (slots_) slots_->give_back(target, 0);
}

void Session::finish() {
  end_looks(all(), true);
  for (auto& t : traced_) t->stop_sampling();
  pipeline_->hold();
  for (auto& t : traced_) t->end_window(WindowEnd::kWindow, monotonic_ns());
  close();
}

Result<Dump> Session::finish_with_dump(WaitsWanted waits, const std::function<bool()>& go_on) {
  Traced& t = *traced_.front();
  end_looks({&t}, false);
  t.note_standing();
  pipeline_->hold();
  t.begin_dump(waits);
  while (!t.dump_ready(std::chrono::milliseconds(kTickMs)) && go_on()) tick();
  auto dump = t.end_with_dump();
  close();
  if (!dump) return dump;
  t.stop_sampling();
  t.know_waits(*dump);
  t.know_creations(*dump);
  return dump;
}

void Session::close() {
  pipeline_->close();
  for (auto& t : traced_) t->detached();
}

void Session::ask_samples() {
  std::vector<std::pair<TargetId, Sample>> without_answer;
  for (auto& t : traced_) t->ask_counters();
  const std::uint64_t until_ns = monotonic_ns() + TargetLooks::kCountersPatienceNs;
  for (auto& t : traced_) t->await_counters(until_ns);
  for (auto& t : traced_) without_answer.emplace_back(t->id(), t->begin_sample());
  asked_ = AskedSamples{pipeline_->ask(monotonic_ns(), Ask::kTotals, targets()), std::move(without_answer)};
}

std::optional<Result<Session::Samples>> Session::take_samples() {
  if (!asked_ || !asked_->answers.ready()) return std::nullopt;
  return await_samples();
}

Result<Session::Samples> Session::await_samples() {
  AskedSamples asked = std::move(*asked_);
  asked_.reset();
  auto answers = asked.answers.get();
  if (!answers) return std::unexpected(answers.error());
  Samples samples;
  for (const auto& t : traced_) {
    const auto sample = std::ranges::find(asked.without_answer, t->id(), &std::pair<TargetId, Sample>::first);
    const auto answer = answers->find(t->id());
    if (sample != asked.without_answer.end() && answer != answers->end())
      samples.emplace(t->id(), t->complete(std::move(sample->second), answer->second));
  }
  return samples;
}

std::vector<TargetId> Session::targets() const {
  std::vector<TargetId> out;
  for (const auto& t : traced_) out.push_back(t->id());
  return out;
}

bool Session::any_traced() const {
  return std::ranges::any_of(traced_, [](const auto& t) { return t->life().traced(); });
}

}  // namespace gorotrace
