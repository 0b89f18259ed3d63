// Panics, and what ends the process, as messages of the program's log (runtime/trace.Log), which a goroutine
// that runs writes.
#include <algorithm>

#include "export/go_trace_writer.h"

namespace gorotrace {

Status GoTraceWriter::instant(const Step& s) {
  // A goroutine that is in a call, or that did not do it, is not made to run for it.
  if (s.goid == 0 || over(s.goid)) return {};
  const auto known = goroutines_.find(s.goid);
  if (s.kind == StepKind::kDies &&
      (known == goroutines_.end() || known->second.state != State::kRunning || known->second.thread != s.tid))
    return {};
  const std::uint64_t at_ns = now_ns_ = std::max(now_ns_ + 1, s.at_ns);
  ++figures_.events;
  constexpr std::uint64_t kNoTask = 0;
  event(run(s.goid, goroutines_[s.goid], s.tid, at_ns), at_ns, GoEvent::kUserLog,
        {kNoTask, tables_->string("panic"), tables_->string(s.reason), tables_->stack(s.stack)});
  return {};
}

}  // namespace gorotrace
