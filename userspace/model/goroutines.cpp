// One goroutine's life in the tables: added, bound to its creation site, waiting, lost in a gap, ended.
#include "model/model_impl.h"

namespace gorotrace {
namespace {
constexpr std::size_t kMaxExits = 1u << 20;
// As long as a look at all goroutines may take (GoroutineReader::Config), if there are not too many.
constexpr std::uint64_t kExitsKeptNs = 31'000'000'000;
constexpr std::size_t kMaxEpochs = 4096;
}  // namespace

Goroutine& Model::Impl::add(std::uint64_t goid, GState state, std::uint64_t since) {
  Goroutine& g = goroutines.insert(goid);
  g.state = state;
  g.since_ns = g.created_ns = since;
  g.epoch = epoch;
  time[0].enter(state, since);
  live[0].arrive(since);
  return g;
}

Goroutine& Model::Impl::adopt(std::uint64_t goid, std::uint64_t t, bool extra) {
  // Before the first snapshot it must be one from before the window: it lived all the time.
  Goroutine& g = add(goid, GState::kUnknown, snapshot_seen ? t : std::min(t, window_open ? window_from : t));
  if (extra) {
    set_extra(g);
  } else if (snapshot_seen) {
    count_created(g);
  }
  return g;
}

void Model::Impl::set_extra(Goroutine& g) {
  if (g.has(kExtra)) return;
  g.set(kExtra);
  ++of_c_threads;
  if (!g.has(kCounted)) return;
  g.drop(
      kCounted);  // an event brought it first, and was taken for one of a goroutine whose creation was missed
  --created;
}

void Model::Impl::count_created(Goroutine& g) {
  if (g.has(kCounted)) return;
  g.set(kCounted);
  ++created;
  if (g.has(kSystem)) ++created_system;
  if (g.site != kNone) ++creation[g.site].created;
}

void Model::Impl::bind(Goroutine& g, std::uint64_t gopc, std::uint64_t startpc, std::uint64_t t) {
  if (g.site != kNone || (gopc == 0 && startpc == 0)) return;
  g.site = creation.row(gopc, startpc);
  if (g.site == kNone) {
    ++overflow;
  } else {
    ++creation[g.site].live;
    if (g.has(kCounted)) ++creation[g.site].created;
  }
  if (g.has(kSystem) || !creation.is_system(startpc)) return;
  // Known for a system goroutine only now: from here on it counts among those.
  t = std::max(t, g.since_ns);
  if (g.has(kWaitOpen)) {
    blocking[g.row].in_window_ns += t - g.since_ns;
    if (g.object != kNone) objects[g.object].in_window_ns += t - g.since_ns;
  }
  time[0].leave(g.state, g.since_ns, t, g.state);
  book_runnable(g, t, g.state);
  live[0].leave(t);
  g.set(kSystem);
  g.since_ns = t;
  time[1].enter(g.state, t);
  live[1].arrive(t);
  if (g.has(kCounted)) ++created_system;
}

void Model::Impl::end(Goroutine& g, std::uint64_t t, bool has_exited) {
  t = std::max(t, g.since_ns);
  if (g.has(kWaitOpen)) close_wait(g, t, End::kUnseen);
  time_of(g).leave(g.state, g.since_ns, t, g.state);
  book_runnable(g, t, g.state);
  live[g.has(kSystem) ? 1 : 0].leave(t);
  if (has_exited) {
    ++exited;
    if (g.has(kSystem)) ++exited_system;
  }
  if (g.site != kNone) {
    --creation[g.site].live;
    if (has_exited) ++creation[g.site].exited;
  }
  exits.push_back({g.goid, t});
  while (exits.size() > kMaxExits || (!exits.empty() && exits.front().at_ns + kExitsKeptNs < t)) {
    exits_complete_from = std::max(exits_complete_from, exits.front().at_ns + 1);
    exits.pop_front();
  }
  panics.goroutine_ended(g.goid, t);
  if (g.has(kExtra)) --of_c_threads;
  forget_semaphore(g);
  label_runs.erase(g.goid);
  lineage.release(g.born);
  goroutines.erase(g.goid);
}

std::uint64_t Model::Impl::lost_at(const Goroutine& g) const {
  return forgotten_at[g.epoch - epoch_base];
}

void Model::Impl::settle(Goroutine& g) {
  if (g.epoch == epoch) return;
  const std::uint64_t first = lost_at(g);
  if (g.has(kWaitOpen)) close_wait(g, first, End::kTainted);
  book_runnable(g, std::max(first, g.since_ns), g.state);
  g.epoch = epoch;
  g.state = GState::kUnknown;
  g.since_ns = std::max(g.since_ns, forgotten_at.back());
  forget_semaphore(g);
  label_runs.erase(g.goid);
  g.drop(kFromMemory | kWoken);
}

void Model::Impl::forget_all(std::uint64_t at_ns) {
  at_ns = std::max(at_ns, now);
  if (forgotten_at.size() >= kMaxEpochs) {
    goroutines.each([&](Goroutine& g) { settle(g); });
    forgotten_at.clear();
    epoch_base = epoch;
  }
  for (StateTime& t : time) t.forget(at_ns);
  forgotten_at.push_back(at_ns);
  ++epoch;
  now = at_ns;
}

void Model::Impl::set_state(Goroutine& g, GState state, std::uint64_t t, GState book_as) {
  StateTime& times = time_of(g);
  times.leave(g.state, g.since_ns, t, book_as);
  book_runnable(g, t, book_as);
  times.enter(state, t);
  g.state = state;
  g.since_ns = t;
  g.drop(kWoken | kFromMemory);
}

void Model::Impl::open_wait(Goroutine& g, const BlockingKey& key, std::uint64_t t) {
  g.row = blocking.row(key);
  if (g.row == kNone) {
    ++overflow;
    return;
  }
  ++blocking[g.row].open;
  blocking[g.row].note_site(g.site);
  g.set(kWaitOpen | kStartSeen);
  g.wait_from_ns = t;
}

void Model::Impl::begin_wait(Goroutine& g, const BlockingKey& key, std::uint64_t t) {
  open_wait(g, key, t);
  if (g.row != kNone) ++blocking[g.row].begun;
}

void Model::Impl::rebook_open_wait(Goroutine& g, const BlockingKey& key) {
  const std::uint32_t row = blocking.row(key);
  if (row == kNone) return;  // it stays where it is
  if (blocking[g.row].begun > 0) {
    --blocking[g.row].begun;
    ++blocking[row].begun;
  }
  --blocking[g.row].open;
  ++blocking[row].open;
  blocking[row].note_site(g.site);
  g.row = row;
}

void Model::Impl::want_semaphore(Goroutine& g, std::uint64_t address) {
  semaphores[g.goid] = address;
  g.set(kSemaphore);
}

void Model::Impl::forget_semaphore(Goroutine& g) {
  if (!g.has(kSemaphore)) return;
  semaphores.erase(g.goid);
  g.drop(kSemaphore);
}

void Model::Impl::wait_on(Goroutine& g, ObjectRow::Kind kind, std::uint64_t address) {
  if (!g.has(kWaitOpen)) return;
  g.object = objects.row(kind, address);
  if (g.object == kNone) {
    ++overflow;
    return;
  }
  ++objects[g.object].open;
  ++objects[g.object].waits;
  const auto [stack, reason] = std::pair(blocking[g.row].key.stack, blocking[g.row].key.reason);
  if (stack != 0) {
    objects[g.object].waiter_stack = stack;
    objects[g.object].waiter_reason = reason;
  }
  if (reason < select_reason.size() && select_reason[reason]) ++objects[g.object].selects;
}

void Model::Impl::close_wait(Goroutine& g, std::uint64_t t, End how, const Woken& by) {
  BlockingData& row = blocking[g.row];
  const std::uint64_t in_window = t > g.since_ns ? t - g.since_ns : 0;
  --row.open;
  row.in_window_ns += in_window;
  if (how == End::kTainted) {
    ++row.tainted;
  } else if (how == End::kSeen && g.has(kStartSeen)) {
    row.waits.add(t > g.wait_from_ns ? t - g.wait_from_ns : 0);
    if (config.keep_waits) {
      waits.push_back({g.goid, g.wait_from_ns, t, row.key.stack, row.key.reason, row.key.in_syscall,
                       row.key.system, by.waker, by.goid});
    }
  } else {
    ++row.ended_unknown;
  }
  if (g.object != kNone) {
    --objects[g.object].open;
    objects[g.object].in_window_ns += in_window;
    g.object = kNone;
  }
  g.row = kNone;
  g.drop(kWaitOpen | kStartSeen);
}

}  // namespace gorotrace
