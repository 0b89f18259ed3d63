#include "snapshot/goroutines.h"

#include "base/clock.h"
#include "process/stoppable_memory.h"
#include "snapshot/g_words.h"
#include "snapshot/snapshot_pass.h"
#include "snapshot/thread_words.h"

namespace gorotrace {

GoroutineReader::GoroutineReader(const Memory& memory, Config config)
    : memory_(memory), config_(std::move(config)) {}

AllgsLimits allgs_limits(const GoroutineReader::Config& config) {
  return {.max_length = config.max_goroutines, .g_size = g_window(config.offsets)};
}

Result<Snapshot> GoroutineReader::read(StackDepth depth, const std::stop_token& stop) const {
  Snapshot out;
  out.counts.begin_ns = monotonic_ns();
  const auto all = read_allgs(memory_, config_.allgs_address, allgs_limits(config_));
  if (!all) return std::unexpected(all.error());
  out.counts.implausible = all->implausible;
  return read(all->pointers, depth, stop, std::move(out));
}

Result<Snapshot> GoroutineReader::read(std::span<const std::uint64_t> gs, StackDepth depth) const {
  Snapshot out;
  out.counts.begin_ns = monotonic_ns();
  return read(gs, depth, {}, std::move(out));
}

Result<Snapshot> GoroutineReader::read(std::span<const std::uint64_t> gs, StackDepth depth,
                                       const std::stop_token& stop, Snapshot out) const {
  SnapshotPass pass(memory_, config_, depth, stop);
  if (auto status = pass.run(gs, out); !status) return std::unexpected(status.error());
  read_thread_words(StoppableMemory(memory_, stop), config_.offsets, out.goroutines);
  out.counts.end_ns = monotonic_ns();
  return out;
}

}  // namespace gorotrace
