#include "session/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "golang/buildinfo.h"
#include "process/procfs.h"
#include "process/stoppable_memory.h"
#include "waits/moved.h"
#include "waits/wait_reader.h"

namespace gorotrace {
namespace {

std::unexpected<Error> failed(const Target& target, const Error& error) {
  const std::string who = fmt::format("process {}", target.process().pid());
  return std::unexpected(target.process().explain(wrap(error, who).error()));
}

// runtime/mfinal.go: fingRunningFinalizer of fingStatus since 1.20, before that a bool.
std::optional<bool> finalizing(const Target& target) {
  const std::uint64_t at = target.binary().globals().finalizing;
  if (at == 0) return std::nullopt;
  constexpr std::uint32_t kRunningFinalizer = 2;
  if (!target.binary().version().at_least(20)) {
    const auto running = target.process().value<std::uint8_t>(at + target.load_bias());
    return running ? std::optional(*running != 0) : std::nullopt;
  }
  const auto status = target.process().value<std::uint32_t>(at + target.load_bias());
  return status ? std::optional((*status & kRunningFinalizer) != 0) : std::nullopt;
}

// runtime/traceback.go goroutineheader: a setting of the process (GODEBUG, or a go.mod's default) since 1.26.
bool labels_in_tracebacks(const Target& target) {
  const std::uint64_t at = target.binary().globals().traceback_labels;
  const auto setting =
      at != 0 ? target.process().value<std::int32_t>(at + target.load_bias()) : std::optional<std::int32_t>();
  return setting ? *setting == 1 : target.binary().version().at_least(27);
}

// Of goroutines that nobody waited for.
Waits nothing_known(std::size_t goroutines) {
  Waits out;
  out.goroutines.resize(goroutines);
  for (GoroutineWaits& g : out.goroutines) g.moved = true;
  out.moved = static_cast<std::uint32_t>(goroutines);
  out.label_sets.emplace_back();
  return out;
}

// An exec in the middle: what was read is of two programs, which may be one file at the same addresses.
Status of_one_program(const Target& target) {
  if (target.process().liveness() != Liveness::kExeced) return {};
  return failed(target, {ErrorKind::kNoProcess, "executed another program"});
}

}  // namespace

Result<Dump> take_dump(Target& target, WaitsWanted wanted, const std::stop_token& stop) {
  auto snapshot = target.goroutines().read(StackDepth::kWhole, stop);
  if (!snapshot) return failed(target, snapshot.error());
  Dump dump;
  dump.finalizing = finalizing(target);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  dump.unix_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count()) -
                 (monotonic_ns() - snapshot->counts.end_ns);
  WaitReader::Config config = WaitReader::config_for(target.binary(), target.modules());
  if (wanted == WaitsWanted::kLabels) config.find = WaitReader::Find::kLabels;
  const StoppableMemory memory(target.process(), stop);
  auto waits = WaitReader(memory, &target.process(), std::move(config)).read(*snapshot);
  if (!waits && stop.stop_requested()) waits = nothing_known(snapshot->goroutines.size());
  if (!waits) return failed(target, waits.error());
  dump.target = target.facts();
  const auto info = read_buildinfo(target.binary().image());
  dump.identity = {.boot_id = procfs::boot_id(),
                   .start_ticks = target.process().start_time_ticks(),
                   .start_stack = target.process().start_stack(),
                   .main_package = info ? info->main_package : ""};
  dump.version = target.binary().version();
  dump.wait_reasons = target.binary().wait_reasons();
  dump.labels_in_tracebacks = labels_in_tracebacks(target);
  dump.ancestors = read_ancestors(memory, target.binary().offsets(), dump.version, *snapshot);
  dump.snapshot = std::move(*snapshot);
  dump.waits = std::move(*waits);
  if (auto one = of_one_program(target); !one) return std::unexpected(one.error());
  return dump;
}

Result<Dump> take_dump_with_moved(Target& target, WaitsWanted wanted) {
  auto dump = take_dump(target, wanted);
  if (!dump || wanted == WaitsWanted::kLabels) return dump;
  WaitReader::Config config = WaitReader::config_for(target.binary(), target.modules());
  config.find = WaitReader::Find::kObjects;
  const WaitReader reader(target.process(), &target.process(), std::move(config));
  const std::uint64_t ended_ns = dump->snapshot.counts.end_ns;
  if (auto read = read_moved(target.goroutines(), reader, dump->snapshot, dump->waits); !read)
    return failed(target, read.error());
  dump->unix_ns += dump->snapshot.counts.end_ns - ended_ns;
  if (auto one = of_one_program(target); !one) return std::unexpected(one.error());
  return dump;
}

StackTable dump_symbols(const Target& target) {
  StackTable symbols(target.frames(), target.load_bias());
  symbols.name_plugins(target.modules());
  symbols.name_outside(OutsideCode(target.process()));
  return symbols;
}

}  // namespace gorotrace
