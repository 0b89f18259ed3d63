// What the finders of this folder share: a goroutine that waits, as it was when first looked at, and what was
// found for it so far.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "snapshot/g_words.h"
#include "waits/wait_object.h"
#include "waits/wait_reader.h"

namespace gorotrace::waits {

// What kind of object a wait reason has (runtime/runtime2.go waitReasonStrings).
enum class Reason : std::uint8_t {
  kNone,  // no object that another goroutine could touch
  kReceive,
  kSend,
  kNilReceive,
  kNilSend,
  kSelect,
  kSemaphore,
  kMutex,
  kRWMutexRead,
  kRWMutexWrite,
  kWaitGroup,
  kCond,
  kSleep,
  kIo,
  kSyscall,
};

// A word of the target that proves an object when the goroutine stands still around its reading.
struct Evidence {
  std::uint64_t address = 0, value = 0;
  std::uint64_t mask = ~0ull;  // of the bits that count
};

struct Waiter {
  std::size_t index = 0;  // in Snapshot::goroutines
  std::uint64_t g = 0;
  Reason reason = Reason::kNone;
  GWords words;
  std::vector<WaitObject> objects;
  std::vector<Evidence> evidence;
  bool cut = false;
  bool moved = false;    // since it was first looked at: no objects
  bool provable = true;  // false: nothing in this version says whether it moved
};

struct Context {
  const Memory& memory;
  const Process* process;  // null: no /proc
  const WaitReader::Config& config;
  const Snapshot& snapshot;
};

// The kind of each index of `names`.
[[nodiscard]] std::vector<Reason> classify_reasons(const std::vector<std::string>& names);

// The process is gone: what every finder returns when reading fails altogether.
[[nodiscard]] std::unexpected<Error> gone();

}  // namespace gorotrace::waits
