#include "session/thread_stacks.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>

#include "golang/metrics_layout.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMostThreads = 1u << 16;  // the runtime's own limit is 10,000 (debug.SetMaxThreads)

// runtime/runtime2.go, type m: alllink, schedlink, idleNode (two words, since 1.26), lockedg, createstack.
std::uint64_t createstack(std::uint64_t alllink, const GoVersion& version) {
  return alllink + 8 * (version.at_least(26) ? 5 : 3);
}

}  // namespace

Result<ThreadStacks> read_thread_stacks(const Target& target) {
  const auto& layout = target.metrics_layout();
  if (!layout) return std::unexpected(layout.error());
  const std::uint32_t alllink = layout->offsets.m_alllink;
  if (layout->globals.allm == 0 || alllink == kNoOffset)
    return fail(ErrorKind::kUnsupported,
                "the code of the binary does not show where the runtime lists its threads");
  const Process& process = target.process();
  ThreadStacks out;
  out.version = target.binary().version();
  auto thread = process.value<std::uint64_t>(layout->globals.allm + target.load_bias());
  while (thread && *thread != 0 && out.threads.size() < kMostThreads) {
    const auto stack = process.value<ThreadStack>(*thread + createstack(alllink, out.version));
    if (!stack) break;
    out.threads.push_back(*stack);
    thread = process.value<std::uint64_t>(*thread + alllink);
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  out.unix_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
  if (process.liveness() != Liveness::kAlive)
    return fail(ErrorKind::kNoProcess,
                fmt::format("process {} ended or was replaced while it was read", process.pid()));
  if (out.threads.empty())
    return fail(ErrorKind::kFailed,
                fmt::format("the threads of process {} could not be read", process.pid()));
  return out;
}

}  // namespace gorotrace
