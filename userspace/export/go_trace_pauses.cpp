// Of stop-the-world and collections (internal/trace/order.go advanceGoRangeBegin, advanceGCBegin and so on):
// the first is a range of the goroutine that runs, of which it has one at a time; the second has sequence
// numbers, and one that began before the file stands at its begin.
#include <algorithm>
#include <utility>

#include "export/go_trace_writer.h"

namespace gorotrace {

void GoTraceWriter::begin_world_stop(std::uint64_t goid, const Thread& t, std::uint64_t at_ns,
                                     std::string_view reason, std::uint64_t stack) {
  const bool to_come = reason.empty();
  world_stop_ = {goid, to_come ? tables_->string_to_come() : tables_->string(reason), to_come,
                 std::string(reason)};
  event(t, at_ns, GoEvent::kStwBegin, {world_stop_->string, tables_->stack(stack)});
}

// By whom it was begun: nobody else has that range.
void GoTraceWriter::end_world_stop(std::uint64_t at_ns, std::string_view reason) {
  const WorldStop was = *std::exchange(world_stop_, std::nullopt);
  if (was.reason_to_come && !reason.empty()) tables_->string_came(was.string, reason);
  const auto g = goroutines_.find(was.goid);
  if (g == goroutines_.end() || g->second.state == State::kUnwritten) return;  // it went with its goroutine
  event(run(was.goid, g->second, g->second.thread, at_ns), at_ns, GoEvent::kStwEnd);
}

void GoTraceWriter::restate_pauses() {
  if (collects_) file_->event(no_thread_, begin_ns_, GoEvent::kGcActive, {++gc_seq_});
  if (!world_stop_) return;
  const WorldStop was = *std::exchange(world_stop_, std::nullopt);
  const auto g = goroutines_.find(was.goid);
  if (g == goroutines_.end() || g->second.state != State::kRunning) return;
  begin_world_stop(was.goid, thread(g->second.thread), begin_ns_, was.reason, 0);
}

Status GoTraceWriter::pause(const Step& s) {
  if (s.kind == StepKind::kCollectionStands) {
    if (gc_seq_ != 0) return {};
    collects_ = true;
    file_->event(no_thread_, begin_ns_, GoEvent::kGcActive, {++gc_seq_});
    return {};
  }
  if (s.goid == 0 || over(s.goid)) return {};
  const std::uint64_t at_ns = now_ns_ = std::max(now_ns_ + 1, s.at_ns);
  ++figures_.events;
  if (s.kind == StepKind::kWorldStarts) {
    if (!world_stop_) return {};
    if (world_stop_->goid == s.goid) run(s.goid, goroutines_[s.goid], s.tid, at_ns);
    end_world_stop(at_ns, s.reason);
    return {};
  }
  if (s.kind == StepKind::kCollectionEnds && !collects_) return {};
  if (s.kind == StepKind::kWorldStops && world_stop_) end_world_stop(at_ns, {});
  const Thread& t = run(s.goid, goroutines_[s.goid], s.tid, at_ns);
  if (s.kind == StepKind::kWorldStops) {
    begin_world_stop(s.goid, t, at_ns, s.reason, s.stack);
  } else {
    if (std::exchange(collects_, s.kind == StepKind::kCollectionBegins))
      event(t, at_ns, GoEvent::kGcEnd, {++gc_seq_});
    if (collects_) event(t, at_ns, GoEvent::kGcBegin, {++gc_seq_, tables_->stack(s.stack)});
  }
  return {};
}

}  // namespace gorotrace
