// Stacks of a capture file as profiles show them: call addresses with their frames, without runtime.goexit
// and what the runtime leaves out of its own. Pure; one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/traceback.h"
#include "export/pprof_builder.h"
#include "recording/recorded_symbols.h"

namespace gorotrace {

class RecordedStacks {
 public:
  // Wrappers made by the compiler: most profiles leave them out.
  enum class Wrappers { kLeaveOut, kShowLone };
  explicit RecordedStacks(RecordedSymbols& symbols, Wrappers wrappers = Wrappers::kLeaveOut)
      : symbols_(symbols), wrappers_(wrappers) {}

  // Leaf first; ProfileCall::pc is the address of the call, in the process. Empty: the stack is not known.
  [[nodiscard]] std::vector<ProfileCall> calls(std::uint64_t stack);
  // Of a pc that stands on no stack.
  [[nodiscard]] ProfileCall call(std::uint64_t pc, PcKind kind);

 private:
  RecordedSymbols& symbols_;
  Wrappers wrappers_;
};

// Without the innermost frames as long as `inner` says that they are; a stack of such alone stays as it is.
[[nodiscard]] std::vector<ProfileCall> without_leaf(std::vector<ProfileCall> calls,
                                                    const std::function<bool(const Frame&)>& inner);
// Any frame of that function.
[[nodiscard]] bool passes(const std::vector<ProfileCall>& calls, std::string_view function);

// Their locations, leaf first; of no call at all one pseudo frame, "[stack unavailable]".
[[nodiscard]] std::vector<std::uint64_t> locations_of(PprofBuilder& profile,
                                                      const std::vector<ProfileCall>& calls);
// Names for a folded line, leaf first; the same pseudo frame.
[[nodiscard]] std::vector<std::string> names_of(const std::vector<ProfileCall>& calls);

}  // namespace gorotrace
