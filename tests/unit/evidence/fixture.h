// A session with everything in it, and a symbolizer that needs no binary.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "evidence/facts.h"
#include "symbols/stack_table.h"

namespace gorotrace::report_test {

class FakeSymbols : public Symbolizer {
 public:
  std::map<std::uint64_t, std::vector<Frame>> stacks, pcs;
  std::set<std::uint64_t> cut;
  const std::vector<Frame>& stack(std::uint64_t id) override {
    static const std::vector<Frame> none;
    const auto it = stacks.find(id);
    return it == stacks.end() ? none : it->second;
  }
  bool truncated(std::uint64_t id) override { return cut.contains(id); }
  const std::vector<Frame>& frames(std::uint64_t pc, PcKind) override {
    static const std::vector<Frame> unknown{{"?", "", 0, false}};
    const auto it = pcs.find(pc);
    return it == pcs.end() ? unknown : it->second;
  }
};

struct Session {
  static constexpr std::uint64_t kBegin = 5'000'000'000, kWindow = 10'000'000'000;
  StatFacts facts;
  Tables tables;
  FakeSymbols symbols;
};

inline Session make_session() {
  constexpr std::uint64_t ms = 1'000'000, s = 1'000'000'000;
  Session x;
  x.facts.target = {7,       1234, "/usr/bin/server", "/usr/bin/server", "go1.26.8", "example.com/server",
                    "v1.2.3"};
  x.facts.begin_ns = Session::kBegin;
  x.facts.end_ns = Session::kBegin + Session::kWindow;
  x.facts.wait_reasons = {"", "chan receive", "IO wait", "sync.Mutex.Lock", "GC worker (idle)"};
  x.facts.requested = x.facts.on_at_end =
      group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);
  for (const auto g : {GT_GROUP_LIFECYCLE, GT_GROUP_BLOCK, GT_GROUP_RUN}) {
    x.tables.covered[g] = {{Session::kBegin - s, Session::kBegin + Session::kWindow}};
  }
  x.facts.cost = {1'000'000, 0.7e9, 20 * s};
  x.facts.calibrated = TrapCosts{700, 11000, false};
  x.facts.events = {5000, 5000, {{"ring full", 0}, {"bad g", 0}}, {{"map full", 0}}};
  x.facts.live_at_start = 400;

  Tables& t = x.tables;
  t.at_ns = x.facts.end_ns;
  t.state_ns = {0, 2 * s, s / 2, 4090 * s, 7 * s + s / 2};
  t.live_integral_ns = 4100 * s;
  t.looked = true;
  t.in_state = {0, 2, 1, 406, 1};
  t.live = 410;
  t.system = 5;
  t.created = 1012;
  t.created_system = 2;
  t.exited = 1002;
  t.exited_system = 2;

  const Frame goexit{"runtime.goexit", "/go/src/runtime/asm_amd64.s", 1700, false};
  x.symbols.stacks[11] = {{"runtime.gopark", "/go/src/runtime/proc.go", 460, false},
                          {"runtime.chanrecv1", "/go/src/runtime/chan.go", 500, false},
                          {"example.com/server/internal/pool.(*Pool).next", "/src/pool/pool.go", 80, true},
                          {"example.com/server/internal/pool.(*Pool).worker", "/src/pool/pool.go", 88, false},
                          goexit};
  x.symbols.stacks[12] = {{"runtime.gopark", "/go/src/runtime/proc.go", 460, false},
                          {"internal/poll.runtime_pollWait", "/go/src/runtime/netpoll.go", 351, false},
                          {"internal/poll.(*FD).Read", "/go/src/internal/poll/fd_unix.go", 165, false},
                          {"net.(*conn).Read", "/go/src/net/net.go", 196, false},
                          {"main.serve", "/src/main.go", 51, false},
                          goexit};
  x.symbols.stacks[13] = {{"runtime.gopark", "", 0, false}, {"runtime.gcBgMarkWorker", "", 0, false}, goexit};
  x.symbols.stacks[21] = {
      {"runtime.chansend1", "/go/src/runtime/chan.go", 160, false},
      {"example.com/server/internal/pool.(*Pool).Submit", "/src/pool/pool.go", 55, false}};
  x.symbols.pcs[0x100] = {
      {"example.com/server/internal/pool.(*Pool).worker", "/src/pool/pool.go", 85, false}};
  x.symbols.pcs[0x200] = {{"example.com/server/internal/pool.Start", "/src/pool/pool.go", 31, false}};
  x.symbols.pcs[0x300] = {{"main.serve", "/src/main.go", 44, false}};
  x.symbols.pcs[0x400] = {{"main.main", "/src/main.go", 30, false}};

  BlockingRow pool;
  pool.reason = 1;
  pool.stack = 11;
  for (int i = 0; i < 100; ++i) pool.waits.add(3 * ms);
  pool.waits.add(2 * s);
  pool.in_window_ns = 4000 * s;
  pool.blocked_now = 400;
  pool.oldest_ns = 92 * s;
  pool.oldest_is_lower_bound = true;
  pool.ended_unknown = 3;
  pool.wakers = {{WakerKind::kGoroutine, 21, 75}, {WakerKind::kTimer, 0, 20}};
  pool.wakers_other = 5;
  BlockingRow read;
  read.reason = 2;
  read.stack = 12;
  read.in_window_ns = 90 * s;
  read.blocked_now = 9;
  BlockingRow gc;
  gc.reason = 4;
  gc.stack = 13;
  gc.system = true;
  gc.in_window_ns = 9000 * s;
  gc.blocked_now = 4;
  BlockingRow call;
  call.in_syscall = true;
  call.stack = 12;
  call.blocked_now = 1;
  t.blocking = {read, gc, call, pool};

  CreationRow worker{0x200, 0x100, false, {{21, 12}}, 400, 12, 0, 92 * s, true};
  CreationRow serve{0x400, 0x300, false, {}, 9, 998, 1000, 3 * s, false};
  t.creation = {serve, worker};
  for (int i = 0; i < 50; ++i) t.latency.histogram.add(3000);
  for (int i = 0; i < 10; ++i) t.latency.histogram.add(40'000);
  t.latency.histogram.add(4 * ms);
  t.latency.inferred = 12;
  return x;
}

// As if it had been asked for lifecycle and block only.
inline void without_run(Session& x) {
  x.facts.requested = x.facts.on_at_end = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  x.tables.covered[GT_GROUP_RUN].clear();
  x.tables.latency = {};
  const auto join = [](auto& of_states) {
    const auto of = [&](GState s) -> auto& { return of_states[static_cast<std::size_t>(s)]; };
    of(GState::kAwake) = of(GState::kRunning) + of(GState::kRunnable);
    of(GState::kRunning) = of(GState::kRunnable) = 0;
  };
  join(x.tables.state_ns);
  join(x.tables.in_state);
}

// A channel and a semaphore that goroutines waited on.
inline void add_objects(Session& x) {
  ObjectRow channel;
  channel.address = 0xc000012345;
  channel.waits = 5;
  channel.in_window_ns = 5'000'000;
  ObjectRow semaphore;
  semaphore.kind = ObjectRow::Kind::kSemaphore;
  semaphore.address = 0xc000054321;
  semaphore.waits = 2;
  semaphore.in_window_ns = 1'000'000;
  semaphore.acquires = 9;
  x.tables.objects = {channel, semaphore};
}

// As if sync had been asked for, too: which object a goroutine waits for is only looked at with it, or with
// chan.
inline void with_sync(Session& x) {
  x.facts.requested |= group_bit(GT_GROUP_SYNC);
  x.tables.covered[GT_GROUP_SYNC] = {{Session::kBegin, x.facts.end_ns}};
}

// The same by sampling: from `from_s` seconds into the window to its end; probes before that, if ever.
inline Session make_sampling_session(unsigned from_s = 0) {
  constexpr std::uint64_t s = 1'000'000'000;
  Session x = make_session();
  const std::uint64_t from = Session::kBegin + from_s * s;
  for (auto& group : x.tables.covered) {
    if (!group.empty()) group = {{Session::kBegin, from}};
    if (from_s == 0) group.clear();
  }
  if (from_s == 0) x.facts.requested = 0;
  x.facts.on_at_end = 0;
  x.tables.covered_by_sampling = {{from, x.facts.end_ns}};
  x.tables.sampled_state[static_cast<std::size_t>(GState::kWaiting)] = {4000 * s, 3 * s, 3900 * s};
  x.facts.sampling = SamplingFacts{.looks = 990,
                                   .looks_at_all = 990,
                                   .goroutines_seen = 990 * 410,
                                   .without_stack = 3,
                                   .missed = 10,
                                   .cpu_ns = s / 5,
                                   .time_ns = 10 * s};
  for (BlockingRow& row : x.tables.blocking) {
    row.sampled = SampledTime{row.in_window_ns, row.in_window_ns / 50, 0};
    if (from_s == 0) row.waits = {}, row.ended_unknown = 2;
    if (from_s == 0) row.wakers.clear();
  }
  BlockingRow& pool = x.tables.blocking[3];
  pool.long_waits.add(2 * s);
  pool.long_waits.add(7 * s);
  BlockingRow& read = x.tables.blocking[0];
  read.sampled = SampledTime{read.in_window_ns, 0, read.in_window_ns};
  for (CreationRow& row : x.tables.creation) row.sampled = SampledTime{90 * s, s / 2, 0};
  if (from_s > 0) pool.in_window_ns += s;
  return x;
}

}  // namespace gorotrace::report_test
