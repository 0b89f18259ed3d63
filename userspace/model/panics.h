// Panics and how a process ends, as plain data. Sources: runtime/panic.go, signal_unix.go, kernel/exit.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"

namespace gorotrace {

// What a goroutine panicked with, or what a fatal error says. Text of the target: not printable() yet.
struct PanicValue {
  std::string type;  // as %T prints it; "" of a fatal error, or not known
  std::string text;  // "" when it has none that can be read
  bool cut = false;  // the text goes on
  bool operator==(const PanicValue&) const = default;
};

// Panics that ended the same way: thrown at one stack with values of one type, recovered at one place.
struct PanicRow {
  std::uint64_t stack = 0;  // of gopanic's caller; 0: not seen
  std::string type;
  // One pc, in the function whose deferred call recovered it, where the goroutine went on; 0: none recovered
  // it, its goroutine ended (runtime.Goexit in a deferred call takes its place).
  std::uint64_t place = 0;
  std::uint64_t count = 0;
  std::uint64_t last_ns = 0;
  PanicValue last;  // of the last one
  bool operator==(const PanicRow&) const = default;
};

enum class EndedBy : std::uint8_t {
  kPanic,     // nobody recovered it
  kFatal,     // throw or fatal: runtime errors that cannot be recovered, deadlock among them
  kSignal,    // one that the runtime dies of: it was told by the runtime
  kExitCall,  // os.Exit, or main returned: the stack says
  kKernel,    // the kernel alone tells of it: SIGKILL, a signal in C code, exit(3) of C code
};
template <>
inline constexpr auto kEnumNames<EndedBy> = enum_names<EndedBy>({
    {EndedBy::kPanic, "panic"},
    {EndedBy::kFatal, "fatal_error"},
    {EndedBy::kSignal, "signal"},
    {EndedBy::kExitCall, "exit"},
    {EndedBy::kKernel, "kernel"},
});

// What a signal came to, whoever sent it: of one for the whole process the kernel chooses the thread.
enum class SignalCameTo : std::uint8_t {
  kNotKnown,  // or no signal did it
  kGoroutine,
  kNoGoroutine,  // the thread ran none: the scheduler, or an idle one
};
template <>
inline constexpr auto kEnumNames<SignalCameTo> = enum_names<SignalCameTo>({
    {SignalCameTo::kNotKnown, "not_known"},
    {SignalCameTo::kGoroutine, "goroutine"},
    {SignalCameTo::kNoGoroutine, "no_goroutine"},
});

struct ProcessEnd {
  EndedBy by = EndedBy::kKernel;
  std::uint64_t at_ns = 0;
  std::uint64_t goid = 0;   // 0: no goroutine did it, or none is known
  std::uint64_t stack = 0;  // where it happened; 0: not known
  SignalCameTo interrupted = SignalCameTo::kNotKnown;
  PanicValue value;                // of a panic or a fatal error
  std::uint64_t other_panics = 0;  // of the same goroutine, that were under way below this one
  // As the kernel ends the process, and until it does as the program asked.
  std::optional<int> exit_status, signal;
  bool operator==(const ProcessEnd&) const = default;
};

struct Panics {
  std::uint64_t thrown = 0, recovered = 0;  // recovered: those that a recovery ended
  std::vector<PanicRow> rows;
  std::optional<ProcessEnd> end;
  bool operator==(const Panics&) const = default;
};

// A panic that is under way.
struct OpenPanic {
  std::uint64_t goid = 0, at_ns = 0;
  std::uint64_t depth = 0;  // bytes of stack above gopanic's
  std::uint64_t stack = 0;
  PanicValue value;
  bool operator==(const OpenPanic&) const = default;
};

}  // namespace gorotrace
