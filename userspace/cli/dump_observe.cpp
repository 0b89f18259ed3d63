#include "cli/dump_observe.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/event_loop.h"
#include "cli/exit_codes.h"
#include "cli/kept_time.h"
#include "cli/stop_signal.h"

namespace gorotrace {
namespace {

// A census proves a wait by so many looks in a row (census/known_waits.h): with fewer it knows of none.
constexpr std::uint64_t kLooksThatProve = 4;

std::string census_too_slow(const StatFacts& facts, std::size_t goroutines) {
  if (!facts.census || facts.census->looks >= kLooksThatProve) return "";
  return fmt::format(
      "the census looked {} times at {} goroutines and proves a wait by {} looks: watch longer (--observe) "
      "or let it take more (--census)",
      facts.census->looks, goroutines, kLooksThatProve);
}

// Until then, or until a signal or the target's end.
Status watch(Session& session, StopSignal& stop, MonotonicTime end, KeptTime& kept) {
  auto made = EventLoop::make();
  if (!made) return std::unexpected(made.error());
  EventLoop& loop = *made;
  const auto tick = [&] {
    const KeptTime::Step step(kept);
    session.tick();
    if (!session.any_alive()) loop.stop();
  };
  auto watched = loop.on_readable(stop.fd(), [&] {
    if (stop.take()) loop.stop();
  });
  const int exit = session.target(0).process().exit_fd();
  if (watched) {
    watched = loop.on_readable(exit, [&] {
      loop.forget(exit);
      tick();
    });
  }
  if (!watched) return watched;
  loop.timers().at(end, [&] { loop.stop(); });
  loop.timers().every(std::chrono::milliseconds(Session::kTickMs), tick);
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
  session_options.stacks = false;  // the dump has them
  session_options.budget = options.budget;
  session_options.census_cpu = options.census_cpu;
  session_options.census_of_each = true;
  auto session = Session::make(session_options);
  if (!session) return std::unexpected(without_probes(session.error()));
  Session& s = **session;
  if (auto added = s.add(std::move(target)); !added) return std::unexpected(without_probes(added.error()));

  KeptTime kept;
  const MonotonicTime begin = std::chrono::steady_clock::now();
  if (auto watched = watch(s, *stop, begin + options.window, kept); !watched)
    return std::unexpected(watched.error());
  const bool interrupted = stop->take().has_value();
  auto dump = s.finish_with_dump(waits);
  if (!dump) return std::unexpected(dump.error());
  dump->watched = s.facts(0);
  std::vector<std::string>& notices = dump->watched->notices;
  const std::size_t goroutines = dump->snapshot.goroutines.size();
  if (const auto took = std::chrono::steady_clock::now() - begin; !interrupted && s.any_alive()) {
    if (auto text = kept.not_kept(options.window, took, goroutines); !text.empty())
      notices.push_back(std::move(text));
  }
  if (auto text = census_too_slow(*dump->watched, goroutines); !text.empty())
    notices.push_back(std::move(text));
  return Observed{std::move(*session), std::move(*dump)};
}

}  // namespace gorotrace
