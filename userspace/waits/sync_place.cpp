#include "waits/sync_place.h"

#include <algorithm>

namespace gorotrace {
namespace {

enum : std::uint32_t { kMutexLock = 1, kRLock = 2, kRWLock = 4, kWait = 8, kOnce = 16, kOther = 32 };
constexpr std::uint32_t kDecide = kRLock | kRWLock | kWait | kOnce | kOther;
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
// Mutex.sema; sync/rwmutex.go RWMutex.w.sema, writerSem, readerSem; sync/waitgroup.go state2 or sema;
// sync/once.go done, a uint32, and m.
constexpr std::uint32_t kMutexSema = 4, kWriterSem = 8, kReaderSem = 12, kWaitGroupSema = 8, kOnceSema = 8;

bool of_sync(std::string_view function) {
  // A method value was made, and is called, by the program.
  return !function.ends_with("-fm") &&
         std::ranges::any_of(kPackages, [&](auto package) { return function.starts_with(package); });
}

}  // namespace

bool SyncFunctions::decided() const {
  return (met_ & kDecide) != 0;
}

void SyncFunctions::add(std::string_view function) {
  // Once.doSlow calls code of the program: it waits for the Once only when nothing of that lies between.
  if (decided()) return;
  if (!of_sync(function)) met_ |= kOther;
  for (const Function& f : kFunctions) {
    if (function == f.name) met_ |= f.bit;
  }
}

void SyncFunctions::add(SyncFunctions next) {
  if (!decided()) met_ |= next.met_;
}

SyncPlace SyncFunctions::place(std::string_view wait_reason) const {
  std::uint32_t met = met_;
  if (wait_reason == "sync.Mutex.Lock") met |= kMutexLock;
  if (wait_reason == "sync.RWMutex.RLock") met = kRLock;
  if (wait_reason == "sync.RWMutex.Lock") met = kRWLock;
  if (wait_reason == "sync.WaitGroup.Wait") met = kWait;
  if ((met & kMutexLock) != 0) {
    // RWMutex.Lock first takes the mutex at its beginning, which keeps other writers out.
    if ((met & kRWLock) != 0) return {SyncKind::kRWMutexWrite, kMutexSema, true};
    if ((met & kOnce) != 0) return {SyncKind::kOnce, kOnceSema};
    return {SyncKind::kMutex, kMutexSema};
  }
  if ((met & kRLock) != 0) return {SyncKind::kRWMutexRead, kReaderSem};
  if ((met & kRWLock) != 0) return {SyncKind::kRWMutexWrite, kWriterSem};
  if ((met & kWait) != 0) return {SyncKind::kWaitGroup, kWaitGroupSema};
  return {};
}

}  // namespace gorotrace
