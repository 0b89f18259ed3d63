#include "report/wait_json.h"

#include <fmt/format.h>

#include "report/wait_names.h"

namespace gorotrace {
namespace {

Json hex(std::uint64_t value) {
  return fmt::format("{:#x}", value);
}
Json text(const std::string& s) {
  return s.empty() ? Json() : Json(s);
}

Json state_json(const MutexState& s) {
  return {{"locked", s.locked}, {"woken", s.woken}, {"starving", s.starving}, {"waiters", s.waiters}};
}
Json state_json(const RWMutexState& s) {
  return {{"writers", state_json(s.writers)},
          {"readers", s.readers},
          {"departing", s.departing},
          {"writer_pending", s.writer_pending}};
}
Json state_json(const WaitGroupState& s) {
  return {{"counter", s.counter}, {"waiters", s.waiters}};
}
Json state_json(const std::monostate&) {
  return {};
}

Json file_json(const FileDescription& f) {
  Json socket;
  if (f.socket) {
    socket = {{"protocol", f.socket->protocol},
              {"local", text(f.socket->local)},
              {"peer", text(f.socket->peer)},
              {"state", text(f.socket->state)}};
  }
  return {{"kind", file_kind_name(f.kind)}, {"name", text(f.name)}, {"socket", std::move(socket)}};
}

void add(Json& out, const ChannelWait& w) {
  out["address"] = hex(w.channel);
  out["in_select"] = w.in_select;
  out["direction"] = w.direction ? Json(direction_name(*w.direction)) : Json();
  out["length"] = w.state ? Json(w.state->length) : Json();
  out["capacity"] = w.state ? Json(w.state->capacity) : Json();
  out["closed"] = w.state ? Json(w.state->closed) : Json();
  out["receivers"] = w.receivers;
  out["senders"] = w.senders;
  out["unknown_direction"] = w.unknown_direction;
  out["timer"] = w.timer ? Json{{"when_ns", w.timer->when_ns}, {"period_ns", w.timer->period_ns}} : Json();
}

void add(Json& out, const SemaphoreWait& w) {
  out["address"] = hex(w.object);
  out["semaphore"] = hex(w.semaphore);
  out["state"] = std::visit([](const auto& s) { return state_json(s); }, w.state);
  out["waiters"] = w.waiters;
  out["likely_holders"] = w.holders_searched ? Json(w.likely_holders) : Json();
  out["holder_candidates"] = w.holders_searched ? Json(w.holder_candidates) : Json();
}

void add(Json& out, const CondWait& w) {
  out["address"] = hex(w.cond);
  out["notify_list"] = hex(w.notify_list);
  out["waiters"] = w.waiters;
}

void add(Json& out, const SleepWait& w) {
  out["deadline_ns"] = w.deadline_ns;
}

void add(Json& out, const IoWait& w) {
  out["address"] = hex(w.poll_desc);
  out["fd"] = w.fd;
  out["direction"] = direction_name(w.direction);
  out["deadline_ns"] = nullable(w.deadline_ns);
  out["file"] = file_json(w.file);
}

void add(Json& out, const SyscallWait& w) {
  Json arguments = Json::array();
  for (const std::uint64_t argument : w.arguments) arguments.push_back(hex(argument));
  out["thread"] = w.thread;
  out["number"] = w.number;
  out["name"] = text(w.name);
  out["arguments"] = std::move(arguments);
  out["on_goroutine_stack"] = w.on_goroutine_stack;
  out["fd"] = w.descriptor ? Json(w.descriptor->fd) : Json();
  out["file"] = w.descriptor ? file_json(w.descriptor->file) : Json();
}

}  // namespace

Json wait_json(const WaitObject& object) {
  Json out = {{"kind", wait_kind(object)},
              {"certainty", certainty_name(object.certainty)},
              {"known_by", object.known_by}};
  std::visit([&out](const auto& what) { add(out, what); }, object.what);
  return out;
}

Json waits_json(const GoroutineWaits& waits) {
  Json out = Json::array();
  for (const WaitObject& object : waits.objects) out.push_back(wait_json(object));
  return out;
}

}  // namespace gorotrace
