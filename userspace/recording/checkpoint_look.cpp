#include "recording/checkpoint_look.h"

namespace gorotrace {

Snapshot shown_by(const OpenState& state) {
  Snapshot s;
  s.counts.begin_ns = s.counts.end_ns = state.at_ns;
  s.counts.seen = s.counts.alive = state.goroutines.size();
  s.counts.extra = state.extra_made;
  s.label_values = state.label_values;
  s.goroutines.reserve(state.goroutines.size());
  for (const OpenGoroutine& open : state.goroutines) {
    // A look knows by this who belongs to a thread of C. Those of whom nobody saw more are left to events.
    if (open.gopc == 0 && !open.of_c_thread) {
      ++s.counts.not_reached;
      continue;
    }
    GoroutineSnapshot& g = s.goroutines.emplace_back();
    g.goid = open.goid;
    g.gopc = open.gopc;
    g.startpc = open.startpc;
    g.read_at_ns = state.at_ns;
    g.status = open.state == GState::kWaiting    ? GStatus::kWaiting
               : open.state == GState::kSyscall  ? GStatus::kSyscall
               : open.state == GState::kRunnable ? GStatus::kRunnable
                                                 : GStatus::kRunning;
    if (open.state == GState::kUnknown)
      --g.read_at_ns;  // within the loss: it is there, and in no known state
    if (open.labels.labels != 0) g.label = open.labels.label;
    if (!open.wait) continue;
    g.stack_id = open.wait->row.stack;
    g.wait_reason = open.wait->row.reason;
    g.waited_at_ns = open.wait->from_ns;
  }
  return s;
}

}  // namespace gorotrace
