#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "report/columns.h"
#include "report/dump_text.h"
#include "report/frames.h"
#include "report/waiters_report.h"
#include "waits/wait_names.h"

namespace gorotrace {
namespace {

constexpr std::size_t kStacks = 3, kHolders = 8;

std::string details(const ChannelWait& w) {
  if (w.channel == 0) return "nil channel: nobody can ever wake these";
  std::string out = fmt::format("channel {:#x}", w.channel);
  if (w.state) {
    out += fmt::format("  len {} cap {}{}", w.state->length, w.state->capacity,
                       w.state->closed ? " closed" : "");
  }
  out += fmt::format("  {} receivers, {} senders", w.receivers, w.senders);
  if (w.unknown_direction > 0) out += fmt::format(", {} unknown", w.unknown_direction);
  if (w.timer) out += w.timer->period_ns > 0 ? "  of a ticker" : "  of a timer";
  return out;
}

std::string details(const MutexState& s) {
  return fmt::format("  {}{}, {} waiters in its state", s.locked ? "locked" : "not locked",
                     s.starving ? " starving" : "", s.waiters);
}
std::string details(const RWMutexState& s) {
  return fmt::format("  {} readers, {}{}", s.readers,
                     s.writer_pending ? "a writer holds it or waits" : "no writer",
                     s.departing > 0 ? fmt::format(" for {} readers to leave", s.departing) : "");
}
std::string details(const WaitGroupState& s) {
  return fmt::format("  {} Done calls missing", s.counter);
}
std::string details(const std::monostate&) {
  return "";
}

std::string details(const SemaphoreWait& w) {
  const char* name = "semaphore";
  switch (w.kind) {
    case SyncKind::kMutex:
      name = "sync.Mutex";
      break;
    case SyncKind::kRWMutexRead:
    case SyncKind::kRWMutexWrite:
      name = "sync.RWMutex";
      break;
    case SyncKind::kWaitGroup:
      name = "sync.WaitGroup";
      break;
    case SyncKind::kSemaphore:
      break;
  }
  std::string out = fmt::format("{} {:#x}", name, w.object);
  out += std::visit([](const auto& s) { return details(s); }, w.state);
  if (w.likely_holders.empty()) return out;
  const std::size_t n = std::min(w.likely_holders.size(), kHolders);
  out += fmt::format(
      "  likely held by goroutine {}",
      fmt::join(w.likely_holders.begin(), w.likely_holders.begin() + static_cast<std::ptrdiff_t>(n), " or "));
  if (w.holder_candidates > n) out += fmt::format(" or {} others", w.holder_candidates - n);
  return out;
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

std::string stack_line(const DumpView& view, const WaitedOn::Stack& stack, std::size_t columns,
                       const Style& style) {
  std::vector<Frame> frames;
  for (const Call& call : view.stack(*stack.example))
    frames.insert(frames.end(), call.frames->begin(), call.frames->end());
  const std::string head = fmt::format("{:>16}x  ", stack.count);
  const std::size_t left = columns > head.size() ? columns - head.size() : 1;
  const Frame* frame = naming_frame(frames);
  if (frame == nullptr) return head + std::string(missing_stack(*stack.example)) + "\n";
  return head + frame_text(*frame, left, style) + "\n";
}

}  // namespace

std::string waiters_text(const DumpView& view, const Selection& selection, const Waiters& waiters,
                         const WaitersOptions& options) {
  std::string out;
  for (const std::string& note : dump_notes(view, selection)) out += note + "\n";
  const std::size_t n =
      options.limit == 0 ? waiters.objects.size() : std::min(waiters.objects.size(), options.limit);
  const Style style{options.colour};
  out += fmt::format("\nWAITERS  OBJECT  {} of {} · snapshot\n", n, waiters.objects.size());
  for (std::size_t i = 0; i < n; ++i) {
    const WaitedOn& row = waiters.objects[i];
    out += fmt::format("{:>7}  {}", row.waiters,
                       std::visit([](const auto& w) { return details(w); }, row.object->what));
    out += row.proven == row.waiters
               ? "\n"
               : fmt::format("  ({} proven, {} likely)\n", row.proven, row.waiters - row.proven);
    for (std::size_t k = 0; k < std::min(row.stacks.size(), kStacks); ++k)
      out += stack_line(view, row.stacks[k], options.width, style);
    if (row.stacks.size() > kStacks)
      out += fmt::format("{:>19}{} other stacks\n", "", row.stacks.size() - kStacks);
  }
  if (waiters.without > 0)
    out += fmt::format("\n{} goroutines wait on what was not established\n", waiters.without);
  return out;
}

}  // namespace gorotrace
