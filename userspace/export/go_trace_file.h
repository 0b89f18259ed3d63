// The bytes of one execution trace file of Go 1.22 and later: a header, one generation of event batches, then
// the stacks and strings that they name (internal/trace/tracev2 of the Go distribution, and its reader's
// generation.go). Times are in ns. Not thread-safe. Memory: what threads have not filled a batch with, at
// most kMaxWaiting.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_sink.h"
#include "golang/pclntab.h"
#include "recording/file_item.h"

namespace gorotrace {

// tracev2/events.go. What stands behind the time of an event.
enum class GoEvent : std::uint8_t {
  kProcStart = 10,            // p, its sequence number
  kProcStop = 11,             //
  kProcSteal = 12,            // p, its sequence number, thread
  kProcStatus = 13,           // p, 1 running 2 idle 3 in a system call
  kGoCreate = 14,             // goroutine, stack of its start function, stack
  kGoCreateSyscall = 15,      // goroutine
  kGoStart = 16,              // goroutine, its sequence number
  kGoDestroy = 17,            //
  kGoDestroySyscall = 18,     //
  kGoStop = 19,               // reason, stack
  kGoBlock = 20,              // reason, stack
  kGoUnblock = 21,            // goroutine, its sequence number, stack
  kGoSyscallBegin = 22,       // p's sequence number, stack
  kGoSyscallEnd = 23,         //
  kGoSyscallEndBlocked = 24,  //
  kGoStatus = 25,             // goroutine, thread, 1 runnable 2 running 3 in a system call 4 waiting
  kStwBegin = 26,             // reason, stack
  kStwEnd = 27,               //
  kGcActive = 28,             // sequence number
  kGcBegin = 29,              // sequence number, stack
  kGcEnd = 30,                // sequence number
  kUserLog = 44,              // task, key, value, stack
  kGoCreateBlocked = 47,      // as kGoCreate; 1.23
  kGoStatusStack = 48,        // as kGoStatus, and stack; 1.23
};

inline constexpr std::uint64_t kNoThread = ~std::uint64_t{0};

class GoTraceFile {
 public:
  static constexpr std::size_t kMaxBatch = 64u << 10, kMaxWaiting = 8u << 20;
  static constexpr std::size_t kMaxString = 1024, kMaxFrames = 128;

  // version: 22, 23, 25 or 26. begin_ns: no event is before it; `clocks` are for 25 and later.
  GoTraceFile(TextSink sink, unsigned version, std::uint64_t begin_ns, const ClockPair& clocks);

  // A thread's stream of events; number: its id.
  [[nodiscard]] std::size_t thread(std::uint64_t number);
  // Behind the thread's events so far: not before the last of them.
  void event(std::size_t thread, std::uint64_t at_ns, GoEvent event,
             std::initializer_list<std::uint64_t> args);
  [[nodiscard]] std::uint64_t last_ns(std::size_t thread) const { return threads_[thread].last_ns; }
  void write_events();  // that wait for a batch to be full

  // Behind the last event. Numbers are not 0, and come once. Of the stack all but the first kMaxFrames frames
  // are left out, of a string all but the first kMaxString bytes.
  struct StackFrame {
    std::uint64_t pc = 0, function = 0, file = 0, line = 0;  // strings by number
  };
  void stack(std::uint64_t number, const std::vector<StackFrame>& frames);
  void string(std::uint64_t number, std::string_view text);
  void finish();

 private:
  struct Thread {
    std::uint64_t number = 0;
    std::uint64_t batch_ns = 0, last_ns = 0;
    std::string waiting;
  };
  void write(Thread& thread);
  void write_batch(std::uint64_t thread, std::uint64_t at_ns, std::string_view data);
  void add_to_table(std::string& table, std::uint8_t kind, std::string_view entry);

  const TextSink sink_;
  const unsigned version_;
  const std::uint64_t begin_ns_;
  std::vector<Thread> threads_;
  std::size_t waiting_ = 0;
  std::string stacks_, strings_, entry_;
};

}  // namespace gorotrace
