#include "report/wait_json.h"

#include "waits/wait_names.h"

namespace gorotrace {
namespace {

void fields(JsonWriter& out, const MutexState& s) {
  out.field("locked", s.locked);
  out.field("woken", s.woken);
  out.field("starving", s.starving);
  out.field("waiters", s.waiters);
}
void fields(JsonWriter& out, const RWMutexState& s) {
  out.object_field("writers", [&] { fields(out, s.writers); });
  out.field("readers", s.readers);
  out.field("departing", s.departing);
  out.field("writer_pending", s.writer_pending);
  const auto use = use_of(s);
  out.field("writer_holds", use ? std::optional(use->writer_holds) : std::nullopt);
  out.field("holding_readers", use ? std::optional(use->holding_readers) : std::nullopt);
  out.field("waiting_readers", use ? std::optional(use->waiting_readers) : std::nullopt);
}
void fields(JsonWriter& out, const WaitGroupState& s) {
  out.field("counter", s.counter);
  out.field("waiters", s.waiters);
}
void state(JsonWriter& out, std::monostate) {
  out.value(nullptr);
}
template <typename State>
void state(JsonWriter& out, const State& s) {
  out.object([&] { fields(out, s); });
}

void file_field(JsonWriter& out, const SharedFile& file) {
  out.object_field("file", file, [&out](const FileDescription& f) {
    out.field("kind", name_of(f.kind));
    out.name_field("name", f.name);
    out.object_field("socket", f.socket, [&out](const auto& socket) {
      out.name_field("protocol", socket.protocol);
      out.name_field("local", socket.local);
      out.name_field("peer", socket.peer);
      out.name_field("state", socket.state);
    });
  });
}

void add(JsonWriter& out, const ChannelWait& w) {
  out.hex_field("address", w.channel);
  out.field("in_select", w.in_select);
  out.name_field("direction", w.direction ? name_of(*w.direction) : "");
  out.field("length", w.state ? std::optional(w.state->length) : std::nullopt);
  out.field("capacity", w.state ? std::optional(w.state->capacity) : std::nullopt);
  out.field("closed", w.state ? std::optional(w.state->closed) : std::nullopt);
  out.field("receivers", w.receivers);
  out.field("senders", w.senders);
  out.field("unknown_direction", w.unknown_direction);
  out.object_field("timer", w.timer, [&out](const auto& timer) {
    out.field("state", name_of(timer.state));
    out.field("when_ns", timer.when_ns);
    out.field("period_ns", timer.period_ns);
  });
}

void add(JsonWriter& out, const SemaphoreWait& w) {
  out.hex_field("address", w.object);
  out.hex_field("semaphore", w.semaphore);
  out.key("state");
  std::visit([&out](const auto& s) { state(out, s); }, w.state);
  out.field("waiters", w.waiters);
  const bool known = w.holder_search == HolderSearchEnd::kDone;
  out.field("holder_search", name_of(w.holder_search));
  if (known) {
    out.array_field("likely_holders", w.likely_holders, [&out](std::uint64_t goid) { out.value(goid); });
  } else {
    out.field("likely_holders", nullptr);
  }
  out.field("deferred_holders", known ? std::optional(w.deferred_holders) : std::nullopt);
  out.field("holder_candidates", known ? std::optional(w.holder_candidates) : std::nullopt);
}

void add(JsonWriter& out, const CondWait& w) {
  out.hex_field("address", w.cond);
  out.hex_field("notify_list", w.notify_list);
  out.field("waiters", w.waiters);
}

void add(JsonWriter& out, const SleepWait& w) {
  out.field("deadline_ns", w.deadline_ns);
}

void add(JsonWriter& out, const IoWait& w) {
  out.hex_field("address", w.poll_desc);
  out.field("fd", w.fd);
  out.field("direction", name_of(w.direction));
  out.field("deadline_ns", w.deadline_ns);
  file_field(out, w.file);
}

void add(JsonWriter& out, const SyscallWait& w) {
  out.field("thread", w.thread);
  out.field("number", w.number);
  out.name_field("name", w.name);
  out.array_field("arguments", w.arguments, [&out](std::uint64_t argument) { out.hex(argument); });
  out.field("on_goroutine_stack", w.on_goroutine_stack);
  out.field("fd", w.descriptor ? std::optional(w.descriptor->fd) : std::nullopt);
  file_field(out, w.descriptor ? w.descriptor->file : nullptr);
}

void wait_json(JsonWriter& out, const WaitObject& object) {
  out.object([&] {
    out.field("kind", wait_kind(object));
    out.field("certainty", name_of(object.certainty));
    out.field("known_by", object.known_by);
    std::visit([&out](const auto& what) { add(out, what); }, object.what);
  });
}

}  // namespace

void waits_json(JsonWriter& out, const GoroutineWaits& waits) {
  out.array(waits.objects, [&out](const WaitObject& object) { wait_json(out, object); });
}

}  // namespace gorotrace
