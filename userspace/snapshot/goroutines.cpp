#include "snapshot/goroutines.h"

#include "base/clock.h"
#include "snapshot/allgs.h"
#include "snapshot/snapshot_pass.h"
#include "snapshot/thread_words.h"

namespace gorotrace {

GoroutineReader::GoroutineReader(const Memory& memory, Config config)
    : memory_(memory), config_(std::move(config)) {}

Result<std::vector<std::uint64_t>> GoroutineReader::all() const {
  return read_allgs(memory_, config_.allgs_address, config_.max_goroutines, config_.max_goroutines);
}

Result<Snapshot> GoroutineReader::read(StackDepth depth) const {
  const std::uint64_t begin = monotonic_ns();
  const auto gs = all();
  if (!gs) return std::unexpected(gs.error());
  return read(*gs, depth, begin);
}

Result<Snapshot> GoroutineReader::read(std::span<const std::uint64_t> gs, StackDepth depth) const {
  return read(gs, depth, monotonic_ns());
}

Result<Snapshot> GoroutineReader::read(std::span<const std::uint64_t> gs, StackDepth depth,
                                       std::uint64_t begin_ns) const {
  Snapshot out;
  out.counts.begin_ns = begin_ns;
  SnapshotPass pass(memory_, config_, depth);
  if (auto status = pass.run(gs, out); !status) return std::unexpected(status.error());
  read_thread_words(memory_, config_.offsets, out.goroutines);
  out.counts.end_ns = monotonic_ns();
  return out;
}

}  // namespace gorotrace
