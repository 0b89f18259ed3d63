// Functions that no code calls: a signal handler pushed their call in front of the instruction that it
// interrupted (runtime/signal_*.go pushCall and preparePanic, runtime/debugcall.go). What stands above them
// on a stack as a return address is that instruction, anywhere in its function; everywhere else it follows a
// call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "golang/goroutine.h"
#include "snapshot/text_range.h"

namespace gorotrace {

struct InjectedCalls {
  std::vector<TextRange> preempting;  // runtime.asyncPreempt
  std::vector<TextRange> all;         // and sigpanic, debugCallV2

  // `range_of` gives the process addresses of the function of that name.
  static InjectedCalls find(
      const std::function<std::optional<TextRange>(std::string_view function)>& range_of) {
    InjectedCalls out;
    for (const std::string_view name : kInjectedCalls) {
      const auto range = range_of(name);
      if (!range) continue;
      out.all.push_back(*range);
      if (name == kAsyncPreempt) out.preempting.push_back(*range);
    }
    return out;
  }
};

// Whether a return address lies in one of them.
[[nodiscard]] inline bool injected(std::span<const TextRange> calls, std::uint64_t return_address) {
  return std::ranges::any_of(calls, [&](const TextRange& f) { return f.holds(return_address - 1); });
}

}  // namespace gorotrace
