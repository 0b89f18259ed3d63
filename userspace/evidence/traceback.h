// What the runtime itself shows of a goroutine: its state and the frames of runtime/traceback.go
// (goroutine?debug=2), and the frames of its goroutine profile (runtime/mprof.go saveg). Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "golang/version.h"
#include "snapshot/goroutines.h"
#include "symbols/stack_table.h"
#include "waits/wait_object.h"

namespace gorotrace {

// "chan receive", "running", "syscall": the wait reason of a goroutine that waits, else its status.
[[nodiscard]] std::string state_name(const GoroutineSnapshot& g,
                                     const std::vector<std::string>& wait_reasons);

// The time since g.waitsince, which the runtime itself shows; it proves nothing.
[[nodiscard]] std::uint64_t waited_by_runtime(const GoroutineSnapshot& g);

struct ShownFrame {
  const Frame* frame = nullptr;
  std::uint64_t offset = 0;  // of the return address in the function; 0 for inlined frames and at the entry
};
// The frames of debug=2, leaf first: the runtime's own only where they are exported or nothing else is there,
// compiler-made wrappers only around a panic (showframe, showfuncinfo, elideWrapperCalling).
[[nodiscard]] std::vector<ShownFrame> traceback_frames(std::span<const Call> stack, const GoVersion& version);
// Whether a function is shown of which no callee is known: of an ancestor's stack, `first` on it or not.
[[nodiscard]] bool shown_alone(const Frame& function, bool first, const GoVersion& version);
// Whether "created by" may name it.
[[nodiscard]] inline bool shown_as_creator(const Frame& function, const GoVersion& version) {
  return shown_alone(function, false, version);
}

// A physical frame of a profile.
struct ProfileCall {
  std::uint64_t pc = 0;              // the Call's
  std::vector<const Frame*> frames;  // at least one, innermost first
};
// The frames of the goroutine profile, leaf first: all but wrappers (tracebackPCs, gentraceback). By physical
// frame; one that is nothing but a wrapper is left out.
[[nodiscard]] std::vector<ProfileCall> profile_calls(std::span<const Call> stack);
[[nodiscard]] std::vector<const Frame*> profile_frames(std::span<const Call> stack);

}  // namespace gorotrace
