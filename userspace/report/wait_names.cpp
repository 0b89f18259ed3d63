#include "report/wait_names.h"

namespace gorotrace {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

const char* sync_name(SyncKind kind) {
  switch (kind) {
    case SyncKind::kMutex:
      return "mutex";
    case SyncKind::kRWMutexRead:
      return "rwmutex_read";
    case SyncKind::kRWMutexWrite:
      return "rwmutex_write";
    case SyncKind::kWaitGroup:
      return "waitgroup";
    case SyncKind::kSemaphore:
      break;
  }
  return "semaphore";
}

}  // namespace

const char* wait_kind(const WaitObject& object) {
  return std::visit(
      Overloaded{[](const ChannelWait&) { return "channel"; },
                 [](const SemaphoreWait& w) { return sync_name(w.kind); },
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

const char* direction_name(ChannelDirection direction) {
  return direction == ChannelDirection::kReceive ? "receive" : "send";
}

const char* direction_name(IoDirection direction) {
  return direction == IoDirection::kRead ? "read" : "write";
}

const char* file_kind_name(FileDescription::Kind kind) {
  switch (kind) {
    case FileDescription::Kind::kFile:
      return "file";
    case FileDescription::Kind::kPipe:
      return "pipe";
    case FileDescription::Kind::kSocket:
      return "socket";
    case FileDescription::Kind::kAnonymous:
      return "anonymous";
    case FileDescription::Kind::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace gorotrace
