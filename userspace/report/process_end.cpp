#include "report/process_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <tuple>

#include "base/text.h"

namespace gorotrace {
namespace {

// runtime.main calls exit itself; os.Exit does so through runtime functions of other names.
bool main_returned(const std::vector<Frame>& stack) {
  return !stack.empty() && stack.front().function == "runtime.main";
}

}  // namespace

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::vector<const PanicRow*> panic_rows(const Panics& panics) {
  std::vector<const PanicRow*> rows;
  for (const PanicRow& row : panics.rows) rows.push_back(&row);
  std::ranges::sort(rows, {},
                    [](const PanicRow* r) { return std::tuple(~r->count, r->stack, r->place, r->type); });
  return rows;
}

std::string value_text(const PanicValue& value) {
  constexpr std::size_t kMostText = 300;
  std::string out = printable(value.type, 256);
  if (value.text.empty()) return out;
  if (!out.empty()) out += " ";
  return out + "\"" + printable(value.text, kMostText) + (value.cut ? "…" : "") + "\"";
}

bool is_deadlock(const ProcessEnd& end) {
  return end.by == EndedBy::kFatal && end.goid == 0 &&
         end.value.text.starts_with("all goroutines are asleep - deadlock!");
}

std::string status_text(const ProcessEnd& end) {
  if (end.signal && end.by == EndedBy::kKernel) return "";  // what ended it says so
  if (end.signal && end.by != EndedBy::kSignal) return "killed by " + signal_name(*end.signal);
  return end.exit_status ? fmt::format("exit status {}", *end.exit_status) : "";
}

std::string what_ended(const ProcessEnd& end, Symbolizer& symbols) {
  switch (end.by) {
    case EndedBy::kPanic: {
      const std::string value = value_text(end.value);
      return "panic: " + (value.empty() ? "a value that could not be read" : value);
    }
    case EndedBy::kFatal:
      return "fatal error: " + value_text(end.value);
    case EndedBy::kSignal:
      return end.signal ? signal_name(*end.signal) : "a signal";
    case EndedBy::kExitCall:
      return main_returned(symbols.stack(end.stack)) ? "main returned" : "os.Exit";
    case EndedBy::kKernel:
      break;
  }
  return end.signal ? "killed by " + signal_name(*end.signal) : "a call of exit that no probe saw";
}

}  // namespace gorotrace
