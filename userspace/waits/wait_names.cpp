#include "waits/wait_names.h"

#include "base/overloaded.h"

namespace gorotrace {
const char* wait_kind(const WaitObject& object) {
  return std::visit(
      Overloaded{[](const ChannelWait&) { return "channel"; },
                 [](const SemaphoreWait& w) { return name_of(w.kind); },
                 [](const CondWait&) { return "cond"; }, [](const SleepWait&) { return "sleep"; },
                 [](const IoWait&) { return "io"; }, [](const SyscallWait&) { return "syscall"; }},
      object.what);
}

std::uint64_t wait_address(const WaitObject& object) {
  return std::visit(
      Overloaded{
          [](const ChannelWait& w) { return w.channel; }, [](const SemaphoreWait& w) { return w.object; },
          [](const CondWait& w) { return w.cond; }, [](const SleepWait&) { return std::uint64_t{0}; },
          [](const IoWait& w) { return w.poll_desc; }, [](const SyscallWait&) { return std::uint64_t{0}; }},
      object.what);
}

}  // namespace gorotrace
