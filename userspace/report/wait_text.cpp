#include "report/wait_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/plural.h"

namespace gorotrace {
namespace {

std::string details(const ChannelWait::Timer& timer) {
  const std::string_view kind = timer.period_ns > 0 ? "ticker" : "timer";
  switch (timer.state) {
    case TimerState::kPending:
      return fmt::format("of a {}", kind);
    case TimerState::kFiredOrStopped:
      return timer.period_ns > 0 ? "of a ticker that was stopped" : "of a timer that fired or was stopped";
    case TimerState::kBubbleTime:
      return fmt::format("of a {} in a synctest bubble", kind);
    case TimerState::kUnknown:
      break;
  }
  return "of a timer";
}

std::string details(const ChannelWait& w) {
  if (w.channel == 0) return "nil channel: nobody can ever wake these";
  std::string out = fmt::format("channel {:#x}", w.channel);
  if (w.state) {
    out += fmt::format("  len {} cap {}{}", w.state->length, w.state->capacity,
                       w.state->closed ? " closed" : "");
  }
  out += fmt::format("  {}, {}", plural(w.receivers, "receiver"), plural(w.senders, "sender"));
  if (w.unknown_direction > 0) out += fmt::format(", {} unknown", w.unknown_direction);
  if (w.timer) out += "  " + details(*w.timer);
  return out;
}

std::string details(const MutexState& s) {
  return fmt::format("  {}{}, {} in its state", s.locked ? "locked" : "not locked",
                     s.starving ? " starving" : "", plural(s.waiters, "waiter"));
}
std::string readers(std::int32_t n) {
  return fmt::format("{} reader{}", n, n == 1 ? "" : "s");
}

std::string details(const RWMutexState& s) {
  const auto use = use_of(s);
  if (!use) return "  changing hands";
  std::string out = "  held by ";
  out += use->writer_holds ? "a writer" : use->holding_readers > 0 ? readers(use->holding_readers) : "nobody";
  if (s.writer_pending && !use->writer_holds) out += ", a writer waits for them";
  if (use->waiting_readers > 0)
    out += fmt::format(", {} wait{}", readers(use->waiting_readers), use->waiting_readers == 1 ? "s" : "");
  if (s.writers.waiters > 0)
    out += fmt::format(", {} more writer{} wait{}", s.writers.waiters, s.writers.waiters == 1 ? "" : "s",
                       s.writers.waiters == 1 ? "s" : "");
  return out;
}
std::string details(const WaitGroupState& s) {
  return fmt::format("  {} missing", plural(static_cast<std::uint64_t>(std::max(s.counter, 0)), "Done call"));
}
std::string details(const std::monostate&) {
  return "";
}

std::string details(const SemaphoreWait& w) {
  const std::string out = fmt::format("{} {:#x}", go_type_name(w.kind), w.object);
  return out + std::visit([](const auto& s) { return details(s); }, w.state);
}

std::string details(const CondWait& w) {
  return fmt::format("sync.Cond {:#x}", w.cond);
}

std::string details(const IoWait& w) {
  std::string out =
      fmt::format("fd {}  {}", w.fd, w.file->name.empty() ? name_of(w.file->kind) : w.file->name);
  if (!w.file->socket) return out;
  const auto& s = *w.file->socket;
  out += fmt::format("  {} {}", s.protocol, s.local);
  if (!s.peer.empty()) out += " -> " + s.peer;
  if (!s.state.empty()) out += " " + s.state;
  return out;
}

std::string details(const SleepWait&) {
  return "sleep";
}
std::string details(const SyscallWait& w) {
  return fmt::format("system call {}", w.name);
}

}  // namespace

std::string wait_text(const WaitObject& object) {
  return std::visit([](const auto& w) { return details(w); }, object.what);
}

}  // namespace gorotrace
