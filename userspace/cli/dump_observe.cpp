#include "cli/dump_observe.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/plural.h"
#include "cli/exit_codes.h"
#include "cli/kept_time.h"
#include "cli/progress.h"
#include "cli/stop_signal.h"

namespace gorotrace {
namespace {

// Sampling proves a wait by four looks in a row (sampling/known_waits.h). Who had twice as many and saw
// nobody stand still was not too slow.
constexpr std::uint64_t kFewLooks = 8;

std::string sampling_proved_nothing(const Dump& dump) {
  const auto& sampling = dump.watched->sampling;
  const auto by_sampling = [](const KnownWait& wait) { return wait.source == WaitSource::kSampling; };
  if (!sampling || sampling->looks >= kFewLooks || std::ranges::any_of(dump.known_waits, by_sampling))
    return "";
  return fmt::format(
      "sampling proved no wait in {} of {}: observe for longer (--observe), or let sampling take more CPU "
      "(--sample-cpu)",
      plural(sampling->looks, "sample"), plural(dump.snapshot.goroutines.size(), "goroutine"));
}

// Until then, or until a signal or the target's end.
Status watch(Session& session, StopSignal& stop, MonotonicTime end, KeptTime& kept) {
  auto made = EventLoop::make();
  if (!made) return std::unexpected(made.error());
  EventLoop& loop = *made;
  const auto tick = [&] {
    const KeptTime::Step step(kept);
    session.tick();
    if (!session.any_traced()) loop.stop();
  };
  auto watched = loop.on_readable(stop.fd(), [&] {
    if (stop.take()) loop.stop();
  });
  const int exit = session.target(session.targets().front()).process().exit_fd();
  if (watched) {
    watched = loop.on_readable(exit, [&] {
      loop.forget(exit);
      tick();
    });
  }
  if (!watched) return watched;
  loop.timers().at(end, [&] { loop.stop(); });
  loop.timers().every(std::chrono::milliseconds(Session::kTickMs), tick);
  const MonotonicTime begin = loop.timers().now();
  const Progress progress(
      loop, [&] { return progress_text("observing", loop.timers().now() - begin, end - begin); });
  const auto ran = loop.run();
  kept.overslept(loop.overslept());
  return ran;
}

}  // namespace

Result<Observed> observe(std::unique_ptr<Target> target, const ObserveOptions& options, WaitsWanted waits) {
  auto stop = StopSignal::make();  // before the session's threads
  if (!stop) return std::unexpected(stop.error());
  SessionOptions session_options;
  session_options.groups = options.groups;
  // The dump has them, but for those of creators.
  session_options.stacks = (options.groups & group_bit(GT_GROUP_LIFECYCLE)) != 0;
  session_options.budget = options.budget;
  session_options.sample_cpu = options.sample_cpu;
  session_options.sampling_of_each = true;
  // Only a perf event follows a thread that is not the main one (capture/attach.cpp).
  if (target->process().task() != target->process().pid())
    session_options.capture.force_mode = AttachMode::kPerfEventCookie;
  auto session = Session::make(session_options);
  if (!session) return std::unexpected(without_probes(session.error()));
  Session& s = **session;
  const auto added = s.add(std::move(target));
  if (!added) return std::unexpected(without_probes(added.error()));

  KeptTime kept;
  const MonotonicTime now = std::chrono::steady_clock::now();
  if (auto watched = watch(s, *stop, now + options.window, kept); !watched)
    return std::unexpected(watched.error());
  const bool interrupted = stop->take().has_value();
  auto dump = [&] {
    const KeptTime::Step step(kept);
    return s.finish_with_dump(waits, [&] { return interrupted || !stop->take(); });
  }();
  if (!dump) return std::unexpected(dump.error());
  dump->watched = s.facts(*added);
  StatFacts& facts = *dump->watched;
  const auto note = [&](std::string text) {
    if (!text.empty()) facts.notices.push_back(std::move(text));
  };
  if (!interrupted && facts.ended_by.empty()) {
    const std::chrono::nanoseconds took(facts.end_ns - facts.begin_ns);
    note(kept.not_kept(options.window, took, dump->snapshot.goroutines.size()));
  }
  note(sampling_proved_nothing(*dump));
  return Observed{std::move(*session), std::move(*dump)};
}

}  // namespace gorotrace
