#include "waits/pollers.h"

#include <algorithm>
#include <limits>

#include "waits/stack_words.h"

namespace gorotrace::waits {

Status find_pollers(const Context& context, std::span<Waiter> waiters) {
  const RuntimeOffsets& o = context.config.offsets;
  std::size_t window = 0;
  for (const std::uint16_t at :
       {o.pollDesc_fd, o.pollDesc_rg, o.pollDesc_wg, o.pollDesc_rd, o.pollDesc_wd, o.pollDesc_self}) {
    if (at == kAbsent) return {};
    window = std::max<std::size_t>(window, at + 8u);
  }
  std::vector<Waiter*> chosen;
  for (Waiter& w : waiters) {
    if (w.reason == Reason::kIo) chosen.push_back(&w);
  }
  StackWords words(context, window, [&](Waiter& w, std::uint64_t address, Bytes bytes) {
    const auto word = [&](std::uint16_t at) { return load<std::uint64_t>(bytes, at).value_or(0); };
    const bool reads = word(o.pollDesc_rg) == w.g, writes = word(o.pollDesc_wg) == w.g;
    // pollOpen makes self point to the pollDesc itself; one goroutine waits in one direction.
    if (word(o.pollDesc_self) != address || reads == writes) return false;
    const std::uint64_t fd = word(o.pollDesc_fd);
    if (fd > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) return false;
    IoWait wait;
    wait.poll_desc = address;
    wait.fd = static_cast<std::int32_t>(fd);
    wait.direction = reads ? IoDirection::kRead : IoDirection::kWrite;
    // 0 = none, -1 = expired (poll_runtime_pollSetDeadline).
    const auto deadline = static_cast<std::int64_t>(word(reads ? o.pollDesc_rd : o.pollDesc_wd));
    wait.deadline_ns = context.memory.clock().to_monotonic(deadline);
    w.objects.push_back({Certainty::kLikely, "pollDesc", std::move(wait)});
    w.evidence.push_back({address + (reads ? o.pollDesc_rg : o.pollDesc_wg), w.g});
    w.evidence.push_back({address + o.pollDesc_fd, fd});
    return true;
  });
  if (!words.search(chosen)) return gone();
  return {};
}

void describe_files(std::span<Waiter> waiters, FileTable& files) {
  for (Waiter& w : waiters) {
    for (WaitObject& object : w.objects) {
      if (auto* wait = std::get_if<IoWait>(&object.what)) wait->file = files.describe(wait->fd);
    }
  }
}

}  // namespace gorotrace::waits
