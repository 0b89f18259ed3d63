#include "cli/dump_observe.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "cli/exit_codes.h"
#include "cli/stop_signal.h"

namespace gorotrace {

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

  const std::uint64_t end = monotonic_ns() + options.window_ns;
  for (std::uint64_t now = monotonic_ns(); now < end && s.any_alive(); now = monotonic_ns()) {
    const std::uint64_t pause = std::min(end - now, std::uint64_t{Session::kTickMs} * 1'000'000);
    if (stop->wait(static_cast<int>((pause + 999'999) / 1'000'000))) break;
    s.tick();
  }
  auto dump = s.finish_with_dump(waits);
  if (!dump) return std::unexpected(dump.error());
  dump->watched = s.facts(0);
  return Observed{std::move(*session), std::move(*dump)};
}

}  // namespace gorotrace
