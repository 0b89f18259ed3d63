// What the runtime itself shows of a goroutine: the header and the frames of runtime/traceback.go
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

// "goroutine 7 [chan receive, 12 minutes, locked to thread]:" as the runtime of that version writes it, but
// for
// "(scan)", which says what the collector did at that instant. Labels: since 1.27, whose default they are.
// waited_ns: how long it has waited; the runtime itself takes the time since g.waitsince (waited_by_runtime).
[[nodiscard]] std::string goroutine_header(const GoroutineSnapshot& g, std::uint64_t waited_ns,
                                           const GoVersion& version,
                                           const std::vector<std::string>& wait_reasons,
                                           const Labels& labels);
[[nodiscard]] std::uint64_t waited_by_runtime(const GoroutineSnapshot& g);

struct ShownFrame {
  const Frame* frame = nullptr;
  std::uint64_t offset = 0;  // of the return address in the function; 0 for inlined frames and at the entry
};
// The frames of debug=2, leaf first: the runtime's own only where they are exported or nothing else is there,
// compiler-made wrappers only around a panic (showframe, showfuncinfo, elideWrapperCalling).
[[nodiscard]] std::vector<ShownFrame> traceback_frames(std::span<const Call> stack, const GoVersion& version);
// "main.f", or "panic" for runtime.gopanic.
[[nodiscard]] const std::string& traceback_name(const Frame& frame);
// Whether "created by" may name this function.
[[nodiscard]] bool shown_as_creator(const Frame& function, const GoVersion& version);

// The frames of the goroutine profile, leaf first: all but wrappers (tracebackPCs, gentraceback). By physical
// frame; one that is nothing but a wrapper is left out.
[[nodiscard]] std::vector<std::vector<const Frame*>> profile_calls(std::span<const Call> stack);
[[nodiscard]] std::vector<const Frame*> profile_frames(std::span<const Call> stack);

}  // namespace gorotrace
