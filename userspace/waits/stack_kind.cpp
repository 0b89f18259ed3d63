#include "waits/stack_kind.h"

#include <algorithm>

namespace gorotrace::waits {
namespace {

// Frames above gopark, goparkunlock, semacquire1 and the runtime_Semacquire* of package sync; inlined ones
// count.
constexpr std::size_t kFrames = 8;

enum : std::uint32_t { kMutexLock = 1, kRLock = 2, kRWLock = 4, kWait = 8, kOnce = 16, kOther = 32 };
struct Function {
  std::string_view name;
  std::uint32_t bit;
};
constexpr Function kFunctions[] = {
    {"sync.(*Mutex).lockSlow", kMutexLock}, {"internal/sync.(*Mutex).lockSlow", kMutexLock},  // 1.24+
    {"sync.(*RWMutex).RLock", kRLock},      {"sync.(*RWMutex).Lock", kRWLock},
    {"sync.(*WaitGroup).Wait", kWait},      {"sync.(*Once).doSlow", kOnce},
};
// Whose functions lie between the wait and the one that decides: what calls them is the program's own.
constexpr std::string_view kPackages[] = {"runtime.", "sync.", "internal/sync."};

// Offsets of the uint32 in its struct, the same in 1.18-1.27: sync/mutex.go (internal/sync since 1.24)
// Mutex.sema; sync/rwmutex.go RWMutex.w.sema, writerSem, readerSem; sync/waitgroup.go state2 or sema.
constexpr std::uint32_t kMutexSema = 4, kWriterSem = 8, kReaderSem = 12, kWaitGroupSema = 8;
// sync/once.go: done, a uint32, and m.
constexpr std::uint32_t kOnceSema = 4 + kMutexSema;

bool of_sync(std::string_view function) {
  // A method value was made, and is called, by the program.
  return !function.ends_with("-fm") &&
         std::ranges::any_of(kPackages, [&](auto package) { return function.starts_with(package); });
}

}  // namespace

StackKinds::Kind StackKinds::of(const Waiter& waiter) {
  std::uint32_t functions = 0;
  const auto pcs = context_.snapshot.pcs(context_.snapshot.goroutines[waiter.index]);
  for (const std::uint64_t pc : pcs.first(std::min(pcs.size(), kFrames))) {
    functions |= functions_at(pc);
    // Once.doSlow calls code of the program: that below it is what waits, but only with nothing between.
    if ((functions & (kRLock | kRWLock | kWait | kOnce | kOther)) != 0) break;
  }
  if (waiter.reason == Reason::kMutex) functions |= kMutexLock;
  if (waiter.reason == Reason::kRWMutexRead) functions = kRLock;
  if (waiter.reason == Reason::kRWMutexWrite) functions = kRWLock;
  if (waiter.reason == Reason::kWaitGroup) functions = kWait;
  // RWMutex.Lock first takes the mutex at its beginning, which keeps other writers out.
  if ((functions & kMutexLock) != 0) {
    if ((functions & kOnce) != 0) return {SyncKind::kOnce, kOnceSema};
    return {(functions & kRWLock) != 0 ? SyncKind::kRWMutexWrite : SyncKind::kMutex, kMutexSema};
  }
  if ((functions & kRLock) != 0) return {SyncKind::kRWMutexRead, kReaderSem};
  if ((functions & kRWLock) != 0) return {SyncKind::kRWMutexWrite, kWriterSem};
  if ((functions & kWait) != 0) return {SyncKind::kWaitGroup, kWaitGroupSema};
  return {};
}

std::uint32_t StackKinds::functions_at(std::uint64_t pc) {
  const auto [at, added] = known_.try_emplace(pc, 0);
  if (!added || context_.config.pclntab == nullptr) return at->second;
  for (const Frame& frame : context_.config.pclntab->frames(pc - 1 - context_.config.load_bias)) {
    if (!of_sync(frame.function)) {
      at->second |= kOther;
      break;
    }
    for (const Function& f : kFunctions) {
      if (frame.function == f.name) at->second |= f.bit;
    }
  }
  return at->second;
}

}  // namespace gorotrace::waits
