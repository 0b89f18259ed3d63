#include "waits/sleeps.h"

#include <algorithm>

#include "waits/batch.h"

namespace gorotrace::waits {
namespace {

void found(const Context& context, Waiter& w, std::int64_t deadline, const char* known_by) {
  if (const auto at = context.memory.clock().to_monotonic(deadline))
    w.objects.push_back({Certainty::kLikely, known_by, SleepWait{*at}});
}

// Up to 1.22: g.timer, whose argument is the goroutine, and whose nextwhen timeSleep sets before it parks
// (`when` follows after that).
void by_timer(const Context& context, Waiter& w, Bytes timer) {
  const RuntimeOffsets& o = context.config.offsets;
  constexpr std::uint16_t kDataOfInterface = 8;
  const auto arg_at = static_cast<std::uint16_t>(o.timer_arg + kDataOfInterface);
  const auto deadline = load<std::int64_t>(timer, o.timer_nextwhen);
  if (!deadline || load<std::uint64_t>(timer, arg_at) != w.g) return;
  found(context, w, *deadline, "timer");
  w.evidence.push_back({w.words.timer + arg_at, w.g});
  w.evidence.push_back({w.words.timer + o.timer_nextwhen, static_cast<std::uint64_t>(*deadline)});
}

// Since 1.23: g.sleepWhen. In a synctest bubble (1.24+) the timer says that its time is not the clock's.
void by_word(const Context& context, Waiter& w, Bytes timer) {
  const RuntimeOffsets& o = context.config.offsets;
  if (o.timer_isFake != kAbsent && load<std::uint8_t>(timer, o.timer_isFake) != 0) return;
  found(context, w, static_cast<std::int64_t>(w.words.sleep_when), "g.sleepWhen");
}

}  // namespace

Status find_sleeps(const Context& context, std::span<Waiter> waiters) {
  const RuntimeOffsets& o = context.config.offsets;
  const bool has_word = o.g_sleepWhen != kAbsent;
  if (!has_word && (o.timer_arg == kAbsent || o.timer_nextwhen == kAbsent)) return {};
  std::size_t window = 8;
  for (const std::uint16_t at : {o.timer_arg, o.timer_nextwhen, o.timer_isFake}) {
    if (at != kAbsent) window = std::max<std::size_t>(window, at + 16u);
  }
  std::vector<Waiter*> chosen;
  std::vector<std::uint64_t> timers;
  for (Waiter& w : waiters) {
    if (w.reason != Reason::kSleep) continue;
    chosen.push_back(&w);
    timers.push_back(w.words.timer);
  }
  Batch batch(context.memory);
  const bool alive = in_parts(chosen.size(), kPart, [&](std::size_t first, std::size_t count) {
    if (!batch.read(std::span(timers).subspan(first, count), window)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (has_word) {
        by_word(context, *chosen[first + i], batch.at(i));
      } else {
        by_timer(context, *chosen[first + i], batch.at(i));
      }
    }
    return true;
  });
  if (!alive) return gone();
  return {};
}

}  // namespace gorotrace::waits
