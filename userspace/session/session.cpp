#include "session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace gorotrace {

Result<std::unique_ptr<Session>> Session::make(const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session(options));
  CaptureOptions capture = options.capture;
  capture.groups = options.groups;
  auto pipeline = Pipeline::make(capture, options.waits);
  if (!pipeline) return std::unexpected(pipeline.error());
  session->pipeline_ = std::move(*pipeline);
  return session;
}

Status Session::add(std::unique_ptr<Target> target) {
  auto traced = Traced::make(std::move(target), target_id(static_cast<std::uint16_t>(traced_.size()), 0),
                             *pipeline_, share_, options_);
  if (!traced) return std::unexpected(traced.error());
  if (auto begun = (*traced)->begin(); !begun) return begun;
  traced_.push_back(std::move(*traced));
  return {};
}

void Session::tick() {
  for (auto& t : traced_) t->tick();
  if (const int error = pipeline_->read_error(); error != 0) {
    for (auto& t : traced_)
      t->notices().add(fmt::format("the ring buffers cannot be read any more: errno {}", error));
  }
}

void Session::finish() {
  for (auto& t : traced_) t->look_last();
  for (auto& t : traced_) t->stop_census();
  pipeline_->hold();
  for (auto& t : traced_) t->end_window(monotonic_ns());
  close();
}

Result<Dump> Session::finish_with_dump(WaitsWanted waits) {
  pipeline_->hold();
  auto dump = traced_.front()->end_with_look(waits);
  close();
  if (!dump) return dump;
  traced_.front()->stop_census();
  traced_.front()->know_waits(*dump);
  return dump;
}

void Session::close() {
  pipeline_->close();
  for (auto& t : traced_) t->detached();
}

Result<std::vector<Sample>> Session::samples() {
  std::vector<TargetId> open;
  for (auto& t : traced_) {
    if (!t->window_open()) continue;
    t->read_counters();
    open.push_back(t->id());
  }
  const std::uint64_t at_ns = monotonic_ns();
  Answers answers;
  if (!open.empty()) {
    auto answered = pipeline_->ask(at_ns, Ask::kTotals, std::move(open));
    if (!answered) return std::unexpected(answered.error());
    answers = std::move(*answered);
  }
  std::vector<Sample> samples;
  for (auto& t : traced_) {
    const auto answer = answers.find(t->id());
    if (answer != answers.end()) {
      samples.push_back(t->sample(at_ns, *answer->second.tables));
      continue;
    }
    auto last = t->last_sample();
    if (!last) return std::unexpected(last.error());
    samples.push_back(std::move(*last));
  }
  return samples;
}

bool Session::any_alive() const {
  return std::ranges::any_of(traced_, [](const auto& t) { return t->alive(); });
}

}  // namespace gorotrace
