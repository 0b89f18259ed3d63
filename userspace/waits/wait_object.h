// What a goroutine waits on, as the memory of its process says it. Shapes only; who fills them:
// wait_reader.h. All addresses are process addresses, all times CLOCK_MONOTONIC (which is the Go runtime's
// nanotime on Linux, runtime/time_linux_*.s), all counts as read: the target runs on. An optional without a
// value is not established, and no number stands in for it. Names of the target are printable().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/enum_names.h"

namespace gorotrace {

// proven: the object itself points back to the goroutine (sudog.g, pollDesc.rg, timer.arg, the kernel's word
// for a thread), and the goroutine did not run between the looks that found it. likely: read in the same way,
// but the goroutine could not be held against it a second time.
enum class Certainty : std::uint8_t { kProven, kLikely };
template <>
inline constexpr auto kEnumNames<Certainty> = enum_names<Certainty>({
    {Certainty::kProven, "proven"},
    {Certainty::kLikely, "likely"},
});

enum class ChannelDirection : std::uint8_t { kReceive, kSend };
template <>
inline constexpr auto kEnumNames<ChannelDirection> = enum_names<ChannelDirection>({
    {ChannelDirection::kReceive, "receive"},
    {ChannelDirection::kSend, "send"},
});

// What a timer's channel can be waited for (Go 1.23+: time.Timer and Ticker, runtime/time.go).
enum class TimerState : std::uint8_t {
  kPending,
  kFiredOrStopped,  // timer.when is 0 after both; nothing comes until Reset
  kBubbleTime,      // in a synctest bubble, whose time is not the clock's
  kUnknown,         // it could not be read, or made no sense
};
template <>
inline constexpr auto kEnumNames<TimerState> = enum_names<TimerState>({
    {TimerState::kPending, "pending"},
    {TimerState::kFiredOrStopped, "fired_or_stopped"},
    {TimerState::kBubbleTime, "bubble_time"},
    {TimerState::kUnknown, "unknown"},
});

// One channel operation: of a plain receive or send, or one case of a select.
struct ChannelWait {
  std::uint64_t channel = 0;  // runtime.hchan; 0 = nil channel, which nobody can ever wake
  bool in_select = false;
  std::optional<ChannelDirection> direction;  // of a select's case, only while the channel's queues show it
  struct State {
    std::uint64_t length = 0, capacity = 0;  // elements buffered, size of the buffer
    bool closed = false;
  };
  std::optional<State> state;  // not of a nil channel
  // Goroutines of this snapshot in the channel's queues, this one included; a select counts in each of its
  // channels. At least: some may have moved on while they were read.
  std::uint32_t receivers = 0, senders = 0, unknown_direction = 0;
  // The channel of a time.Timer or Ticker knows its timer since Go 1.23.
  struct Timer {
    TimerState state = TimerState::kUnknown;
    std::optional<std::int64_t> when_ns;  // next firing, of a pending one
    std::int64_t period_ns = 0;           // 0 = fires once, or unknown
  };
  std::optional<Timer> timer;
};

enum class SyncKind : std::uint8_t {
  kMutex,
  kOnce,  // for the function of sync.Once to return: Once.m
  kRWMutexRead,
  kRWMutexWrite,  // for its readers to leave, or behind another writer (RWMutex.w)
  kWaitGroup,
  kSemaphore,  // used directly: internal/poll's fdMutex, the runtime's own
};

template <>
inline constexpr auto kEnumNames<SyncKind> = enum_names<SyncKind>({
    {SyncKind::kMutex, "mutex"},
    {SyncKind::kOnce, "once"},
    {SyncKind::kRWMutexRead, "rwmutex_read"},
    {SyncKind::kRWMutexWrite, "rwmutex_write"},
    {SyncKind::kWaitGroup, "waitgroup"},
    {SyncKind::kSemaphore, "semaphore"},
});

// What the semaphore is in, as Go code names it. Readers and writers of an RWMutex wait for two of its own.
inline constexpr EnumName<SyncKind> kGoTypeNames[] = {
    {SyncKind::kMutex, "sync.Mutex"},         {SyncKind::kOnce, "sync.Once"},
    {SyncKind::kRWMutexRead, "sync.RWMutex"}, {SyncKind::kRWMutexWrite, "sync.RWMutex"},
    {SyncKind::kWaitGroup, "sync.WaitGroup"}, {SyncKind::kSemaphore, "semaphore"},
};
[[nodiscard]] constexpr const char* go_type_name(SyncKind kind) {
  for (const EnumName<SyncKind>& known : kGoTypeNames) {
    if (known.value == kind) return known.name;
  }
  return "???";
}

// Of the others nobody holds anything.
[[nodiscard]] constexpr bool is_lock(SyncKind kind) {
  return kind == SyncKind::kMutex || kind == SyncKind::kOnce || kind == SyncKind::kRWMutexRead ||
         kind == SyncKind::kRWMutexWrite;
}

// How the search for who holds a lock ended.
enum class HolderSearchEnd : std::uint8_t {
  kNotLookedFor,  // not asked for, or no lock
  kCutShort,      // out of time (Waits::holders_complete)
  kChangedHands,  // nothing that was read of it and of this waiter was of one moment
  kDone,          // SemaphoreWait::likely_holders are of a moment at which this goroutine waited for it
};
template <>
inline constexpr auto kEnumNames<HolderSearchEnd> = enum_names<HolderSearchEnd>({
    {HolderSearchEnd::kNotLookedFor, "not_looked_for"},
    {HolderSearchEnd::kCutShort, "cut_short"},
    {HolderSearchEnd::kChangedHands, "changed_hands"},
    {HolderSearchEnd::kDone, "done"},
});

struct MutexState {  // sync.Mutex.state, internal/sync/mutex.go since 1.24, sync/mutex.go before
  bool locked = false, woken = false, starving = false;
  std::uint32_t waiters = 0;
};
struct RWMutexState {           // sync/rwmutex.go
  MutexState writers;           // RWMutex.w
  std::int32_t readers = 0;     // holding or waiting; readerCount without rwmutexMaxReaders
  std::int32_t departing = 0;   // readerWait: readers that the waiting writer still waits for
  bool writer_pending = false;  // a writer holds it or waits for readers to leave
};
// Who holds an RWMutex and who waits for it, out of those numbers.
struct RWMutexUse {
  bool writer_holds = false;
  std::int32_t holding_readers = 0, waiting_readers = 0;
};
// Absent while they contradict each other: between two steps of Lock or RUnlock.
[[nodiscard]] constexpr std::optional<RWMutexUse> use_of(const RWMutexState& s) {
  if (s.readers < 0 || s.departing < 0 || s.departing > s.readers) return std::nullopt;
  if (!s.writer_pending) return RWMutexUse{.holding_readers = s.readers};
  // Lock takes the readers that are there over into readerWait; whoever comes later waits for the writer.
  return RWMutexUse{.writer_holds = s.departing == 0,
                    .holding_readers = s.departing,
                    .waiting_readers = s.readers - s.departing};
}
struct WaitGroupState {      // sync/waitgroup.go
  std::int32_t counter = 0;  // Done calls that are missing
  std::uint32_t waiters = 0;
};

struct SemaphoreWait {
  SyncKind kind = SyncKind::kSemaphore;
  std::uint64_t semaphore = 0;  // the uint32 that runtime.semacquire1 waits for
  std::uint64_t object = 0;     // sync.Mutex, Once, RWMutex or WaitGroup it is in; of kSemaphore, itself
  std::variant<std::monostate, MutexState, RWMutexState, WaitGroupState> state;
  std::uint32_t waiters =
      0;  // goroutines of this snapshot that wait on the same semaphore, this one included
  // Goroutines whose stack holds the object's address and that do not wait on it: of locks only, likely at
  // best (a goroutine that used it once, or will, may have it too). Goids, those first for whom most speaks
  // (holder_signs.h), a few; the count is of all. None before the search is kDone.
  std::vector<std::uint64_t> likely_holders;
  std::uint32_t deferred_holders = 0;  // the first so many of likely_holders have a deferred call with it
  std::uint32_t holder_candidates = 0;
  HolderSearchEnd holder_search = HolderSearchEnd::kNotLookedFor;
};

// Whether somebody has the lock, by its state. Unknown counts as held.
[[nodiscard]] inline bool is_held(const SemaphoreWait& wait) {
  if (const auto* mutex = std::get_if<MutexState>(&wait.state)) return mutex->locked;
  if (const auto* rw = std::get_if<RWMutexState>(&wait.state))
    return rw->writers.locked || rw->readers != 0 || rw->writer_pending;
  return true;
}

struct CondWait {
  std::uint64_t notify_list = 0;  // runtime.notifyList, sync.Cond.notify
  std::uint64_t cond = 0;         // the sync.Cond around it
  std::uint32_t waiters = 0;      // notifyList.wait - notify: parked or about to park
};

struct SleepWait {
  std::int64_t deadline_ns = 0;
};

// What a file descriptor of the target is, from /proc/PID/fd and, of sockets, /proc/PID/net.
struct FileDescription {
  enum class Kind : std::uint8_t { kUnknown, kFile, kPipe, kSocket, kAnonymous };
  Kind kind = Kind::kUnknown;
  std::string name;  // path, "pipe:[7]", "socket:[7]", "anon_inode:[eventpoll]"; "" when it could not be read
  struct Socket {
    std::string protocol;     // tcp, tcp6, udp, udp6, unix
    std::string local, peer;  // "10.0.0.1:80", "[::1]:80", a unix path or "@abstract"; "" = none
    std::string state;        // ESTABLISHED, LISTEN, ... of tcp; LISTEN or CONNECTED of unix; "" = none
  };
  std::optional<Socket> socket;  // not of sockets of other families, or gone meanwhile
};
// One for all that wait on it: a wait object is small, since there is one or more for each goroutine.
using SharedFile = std::shared_ptr<const FileDescription>;  // never null in what a WaitReader has read

template <>
inline constexpr auto kEnumNames<FileDescription::Kind> = enum_names<FileDescription::Kind>({
    {FileDescription::Kind::kUnknown, "unknown"},
    {FileDescription::Kind::kFile, "file"},
    {FileDescription::Kind::kPipe, "pipe"},
    {FileDescription::Kind::kSocket, "socket"},
    {FileDescription::Kind::kAnonymous, "anonymous"},
});

enum class IoDirection : std::uint8_t { kRead, kWrite };  // accept reads, connect writes
template <>
inline constexpr auto kEnumNames<IoDirection> = enum_names<IoDirection>({
    {IoDirection::kRead, "read"},
    {IoDirection::kWrite, "write"},
});

struct IoWait {
  std::uint64_t poll_desc = 0;  // runtime.pollDesc
  std::int32_t fd = -1;
  IoDirection direction = IoDirection::kRead;
  std::optional<std::int64_t> deadline_ns;  // SetDeadline
  SharedFile file;
};

// A system call that the goroutine's thread is in. Of cgo: called by C code on the C stack.
struct SyscallWait {
  std::int32_t thread = 0;  // in our PID namespace
  std::uint64_t number = 0;
  std::string_view name;  // of static storage; "" = not known to the kernel headers we were built with
  std::array<std::uint64_t, 6> arguments{};
  bool on_goroutine_stack = false;  // false: made by C code
  struct Descriptor {
    std::int32_t fd = -1;
    SharedFile file;
  };
  std::optional<Descriptor> descriptor;  // of calls whose first argument is one
};

struct WaitObject {
  Certainty certainty = Certainty::kLikely;
  const char* known_by = "";  // "g.waiting", "semtable", "stack word", ...
  std::variant<ChannelWait, SemaphoreWait, CondWait, SleepWait, IoWait, SyscallWait> what;
};

// pprof.Do and pprof.SetGoroutineLabels, sorted by key.
using Labels = std::vector<std::pair<std::string, std::string>>;

// Of one goroutine of a snapshot.
struct GoroutineWaits {
  std::vector<WaitObject> objects;  // every case of a select; else none or one
  // The list of cases was longer than we follow, or led somewhere else on the way.
  bool cut = false;
  // It had moved on since the snapshot: no objects, and the snapshot's state is the older one.
  bool moved = false;
  // Its wait reason is for nothing that another goroutine could touch: select {}, the runtime's own affairs.
  bool on_nothing = false;
  std::uint32_t labels = 0;  // index into Waits::label_sets; 0 = none
};

struct Waits {
  std::vector<GoroutineWaits> goroutines;  // as Snapshot::goroutines, index by index
  std::vector<Labels> label_sets;          // [0] is empty
  std::uint32_t proven = 0, likely = 0;    // objects
  std::uint32_t not_found = 0;             // goroutines whose reason has an object and that show none
  std::uint32_t moved = 0;                 // goroutines
  bool semaphores_complete = true;         // false: the semtable led astray, or was longer than it can be
  std::uint32_t labels_unreadable = 0;  // goroutines whose labels make no sense, or too many: shown as none
  bool holders_complete = true;         // false: SemaphoreWait::likely_holders may lack some
  // Indices of goroutines that have moved on since they were read, as the search for holders found: what
  // waited for a lock then, or what holds it now.
  std::vector<std::size_t> elsewhere;
};

}  // namespace gorotrace
