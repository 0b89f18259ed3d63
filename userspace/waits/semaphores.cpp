#include "waits/semaphores.h"

#include <map>

#include "waits/batch.h"
#include "waits/semtable.h"
#include "waits/stack_kind.h"
#include "waits/sudog.h"

namespace gorotrace::waits {
namespace {

bool on_semaphore(const Waiter& w) {
  switch (w.reason) {
    case Reason::kSemaphore:
    case Reason::kMutex:
    case Reason::kRWMutexRead:
    case Reason::kRWMutexWrite:
    case Reason::kWaitGroup:
      return true;
    default:
      return false;
  }
}

void found(const Context& context, StackKinds& kinds, Waiter& w, std::uint64_t sudog, std::uint64_t semaphore,
           const char* known_by) {
  const RuntimeOffsets& o = context.config.offsets;
  const SyncPlace kind = kinds.of(w);
  if (semaphore < kind.semaphore_at || semaphore % sizeof(std::uint32_t) != 0) return;
  SemaphoreWait wait;
  wait.kind = kind.kind;
  wait.semaphore = semaphore;
  wait.object = semaphore - kind.semaphore_at;
  w.objects.push_back({Certainty::kLikely, known_by, std::move(wait)});
  w.evidence.push_back({sudog + o.sudog_g, w.g});
  w.evidence.push_back({sudog + sudog_elem_at(o), semaphore});
}

MutexState mutex_state(std::uint32_t state) {
  // mutexLocked, mutexWoken, mutexStarving, mutexWaiterShift
  return {(state & 1) != 0, (state & 2) != 0, (state & 4) != 0, state >> 3};
}

// What Go 1.18-1.27 on 64 bits have at these offsets: sync/rwmutex.go w.state 0, readerCount 16, readerWait
// 20; sync/once.go done 0, m.state 4; sync/waitgroup.go state (state1) 0: counter in the upper half, waiters
// in the lower, whose top bit is a flag of testing/synctest since 1.25.
constexpr std::int32_t kMaxReaders = 1 << 30;  // rwmutexMaxReaders

}  // namespace

void set_sync_state(SemaphoreWait& wait, Bytes object) {
  if (object.size() < kSyncStateBytes) return;
  const auto first = load<std::uint64_t>(object, 0).value_or(0);
  const MutexState mutex = mutex_state(static_cast<std::uint32_t>(first));
  switch (wait.kind) {
    case SyncKind::kMutex:
      wait.state = mutex;
      break;
    case SyncKind::kOnce:
      wait.state = mutex_state(static_cast<std::uint32_t>(first >> 32));
      break;
    case SyncKind::kRWMutexRead:
    case SyncKind::kRWMutexWrite: {
      const auto count = load<std::int32_t>(object, 16).value_or(0);
      wait.state = RWMutexState{.writers = mutex,
                                .readers = count < 0 ? count + kMaxReaders : count,
                                .departing = load<std::int32_t>(object, 20).value_or(0),
                                .writer_pending = count < 0};
      break;
    }
    case SyncKind::kWaitGroup:
      wait.state = WaitGroupState{static_cast<std::int32_t>(first >> 32),
                                  static_cast<std::uint32_t>(first) & 0x7fff'ffff};
      break;
    case SyncKind::kSemaphore:
      break;
  }
}

Status find_semaphores(const Context& context, std::span<Waiter> waiters, Waits& out) {
  std::vector<Waiter*> chosen;
  for (Waiter& w : waiters) {
    if (on_semaphore(w)) chosen.push_back(&w);
  }
  if (chosen.empty()) return {};
  const RuntimeOffsets& o = context.config.offsets;
  StackKinds kinds(context);
  if (o.sudog_elem_vu != kAbsent) {
    // Since 1.26 a goroutine points to its sudog here too (runtime/sema.go queue).
    Batch batch(context.memory);
    const bool alive = in_parts(chosen.size(), kPart, [&](std::size_t first, std::size_t count) {
      const auto sudog = [&](std::size_t i) { return chosen[first + i]->words.waiting; };
      if (!batch.read(count, sudog, sudog_window(o))) return false;
      for (std::size_t i = 0; i < count; ++i) {
        Waiter& w = *chosen[first + i];
        const Sudog s = pick_sudog(batch.at(i), o);
        if (s.g == w.g && s.elem != 0 && s.channel == 0) {
          found(context, kinds, w, w.words.waiting, s.elem, "g.waiting");
        }
      }
      return true;
    });
    if (!alive) return gone();
  } else {
    const auto table = read_semtable(context);
    if (!table) return std::unexpected(table.error());
    out.semaphores_complete = table->complete;
    for (Waiter* w : chosen) {
      const auto at = table->of_g.find(w->g);
      if (at != table->of_g.end()) {
        found(context, kinds, *w, at->second.sudog, at->second.semaphore, "semtable");
      }
    }
  }
  return {};
}

Status read_sync_states(const Context& context, std::span<Waiter> waiters) {
  std::map<std::uint64_t, std::vector<SemaphoreWait*>> by_object;
  std::map<std::uint64_t, std::uint32_t> on_semaphore;
  for (Waiter& w : waiters) {
    for (WaitObject& object : w.objects) {
      auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait == nullptr) continue;
      by_object[wait->object].push_back(wait);
      ++on_semaphore[wait->semaphore];
    }
  }
  std::vector<std::uint64_t> objects;
  for (const auto& [object, waits] : by_object) objects.push_back(object);
  Batch batch(context.memory);
  const bool alive = in_parts(objects.size(), kPart, [&](std::size_t first, std::size_t count) {
    if (!batch.read(std::span(objects).subspan(first, count), kSyncStateBytes)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      for (SemaphoreWait* wait : by_object[objects[first + i]]) {
        wait->waiters = on_semaphore[wait->semaphore];
        set_sync_state(*wait, batch.at(i));
      }
    }
    return true;
  });
  if (!alive) return gone();
  return {};
}

}  // namespace gorotrace::waits
