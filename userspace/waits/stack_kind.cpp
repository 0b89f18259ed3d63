#include "waits/stack_kind.h"

#include <algorithm>

namespace gorotrace::waits {
namespace {

// Frames above gopark, goparkunlock, semacquire1 and the runtime_Semacquire* of package sync.
constexpr std::size_t kFrames = 8;

// As the newest versions call it; a synctest bubble's suffix is gone. "" where the reason does not say.
std::string_view reason_name(Reason reason) {
  switch (reason) {
    case Reason::kMutex:
      return "sync.Mutex.Lock";
    case Reason::kRWMutexRead:
      return "sync.RWMutex.RLock";
    case Reason::kRWMutexWrite:
      return "sync.RWMutex.Lock";
    case Reason::kWaitGroup:
      return "sync.WaitGroup.Wait";
    default:
      return "";
  }
}

}  // namespace

SyncPlace StackKinds::of(const Waiter& waiter) {
  SyncFunctions functions;
  const auto pcs = context_.snapshot.pcs(context_.snapshot.goroutines[waiter.index]);
  for (const std::uint64_t pc : pcs.first(std::min(pcs.size(), kFrames))) functions.add(functions_at(pc));
  return functions.place(reason_name(waiter.reason));
}

SyncFunctions StackKinds::functions_at(std::uint64_t pc) {
  const auto [at, added] = known_.try_emplace(pc);
  if (!added || context_.config.modules == nullptr) return at->second;
  for (const Frame& frame : context_.config.modules->frames(pc - 1)) at->second.add(frame.function);
  return at->second;
}

}  // namespace gorotrace::waits
