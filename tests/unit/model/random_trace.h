// A random program of goroutines, as records and as a naive simulator knows it.
#pragma once

#include <algorithm>
#include <map>
#include <random>

#include "trace.h"

namespace gorotrace {

// What really happened. Every wait has a stack of its own, so that each one is found again in the answer.
struct Truth {
  std::vector<gt_record> events;
  std::map<std::uint64_t, std::uint64_t> waits;  // stack -> duration, ended ones
  std::uint64_t latency_ns = 0, latencies = 0, created = 0, exited = 0;
  std::array<std::uint64_t, kGStates> state_ns{};
  std::uint64_t end_ns = 0;
};

inline Truth play(std::uint64_t seed, int steps) {
  struct G {
    GState state;
    std::uint64_t since, stack;
    bool woken;
  };
  std::mt19937_64 random(seed);
  Truth truth;
  std::map<std::uint64_t, G> live;
  std::uint64_t t = 2000, next_goid = 1, next_stack = 1;
  const auto move = [&](G& g, GState to) {
    truth.state_ns[static_cast<std::size_t>(g.state)] += t - g.since;
    g.state = to;
    g.since = t;
  };
  for (int i = 0; i < steps; ++i) {
    t += 1 + random() % 50;
    if (live.size() < 3 || random() % 20 == 0) {
      gt_record r = event(GT_HOOK_CREATE, t, next_goid, 7);
      r.object = 0x4100;
      r.extra = 0x4000;
      truth.events.push_back(r);
      live[next_goid++] = {GState::kRunnable, t, 0, false};
      ++truth.created;
      continue;
    }
    auto it = live.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random() % live.size()));
    auto& [goid, g] = *it;
    const std::uint64_t kind = random() % 16;
    if (g.state == GState::kWaiting) {
      truth.waits[g.stack] = t - g.since;
      if (kind < 3) {
        truth.events.push_back(event(GT_HOOK_EXECUTE, t, goid));
        move(g, GState::kRunning);
      } else {
        truth.events.push_back(event(kind < 8 ? GT_HOOK_INJECT : GT_HOOK_READY, t, goid, 9));
        move(g, GState::kRunnable);
        g.woken = true;
      }
    } else if (g.state == GState::kRunnable) {
      if (g.woken) {
        truth.latency_ns += t - g.since;
        ++truth.latencies;
      }
      g.woken = false;
      truth.events.push_back(event(GT_HOOK_EXECUTE, t, goid));
      move(g, GState::kRunning);
    } else if (g.state == GState::kSyscall) {
      truth.waits[g.stack] = t - g.since;
      truth.events.push_back(event(GT_HOOK_SYSCALL_EXIT, t, goid));
      if (kind < 4) truth.events.push_back(event(GT_HOOK_SYSCALL_EXIT_SLOW, t, goid));
      move(g, kind < 4 ? GState::kRunnable : GState::kRunning);
    } else if (kind < 8) {
      g.stack = next_stack++;
      truth.events.push_back(park_event(t, goid, kChanReceive, g.stack, 0xc000 + goid % 5));
      move(g, GState::kWaiting);
    } else if (kind < 11) {
      g.stack = next_stack++;
      truth.events.push_back(event(GT_HOOK_SYSCALL_ENTER, t, goid, g.stack));
      move(g, GState::kSyscall);
    } else if (kind < 14) {
      truth.events.push_back(event(GT_HOOK_YIELD, t, goid));
      move(g, GState::kRunnable);
    } else {
      truth.events.push_back(event(GT_HOOK_EXIT, t, goid));
      move(g, GState::kUnknown);
      live.erase(it);
      ++truth.exited;
    }
  }
  truth.end_ns = t;
  for (auto& [goid, g] : live) move(g, g.state);
  return truth;
}

}  // namespace gorotrace
