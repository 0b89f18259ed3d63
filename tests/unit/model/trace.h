// Tiny traces for the model: one target, wait reasons by name, and the goroutine-seconds invariant checked at
// the end of every test.
#pragma once

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"

namespace gorotrace {

inline const std::vector<std::string> kReasons = {
    "",          "chan receive", "IO wait",          "sleep",          "semacquire", "sync.Mutex.Lock",
    "preempted", "coroutine",    "GC worker (idle)", "sync.Cond.Wait", "select"};
enum Reason : std::uint8_t {
  kZero,
  kChanReceive,
  kIoWait,
  kSleep,
  kSemacquire,
  kMutexLock,
  kPreempted,
  kCoroutine,
  kGcWorker,
  kCondWait,
  kSelect
};
inline constexpr std::uint64_t kSystemStart = 0x5000;  // start function of a system goroutine

inline ModelConfig test_config() {
  return {.wait_reasons = kReasons};
}

inline gt_record event(gt_hook hook, std::uint64_t t, std::uint64_t goid, std::uint64_t stack = 0) {
  gt_record r{};
  r.hook = static_cast<gt_u8>(hook);
  r.time_ns = t;
  r.goid = goid;
  r.stack = stack;
  return r;
}

inline gt_record park_event(std::uint64_t t, std::uint64_t goid, Reason reason, std::uint64_t stack,
                            std::uint64_t object = 0) {
  gt_record r = event(GT_HOOK_PARK, t, goid, stack);
  r.detail = reason;
  r.object = object;
  return r;
}

class ModelTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kStart = 1000;  // groups on
  explicit ModelTest(ModelConfig config = test_config()) : model(std::move(config)) {
    model.describe(kSystemStart, true);
    groups({GT_GROUP_LIFECYCLE, GT_GROUP_BLOCK, GT_GROUP_RUN});
  }

  void TearDown() override {
    for (const std::uint64_t after : {0u, 12345u}) {
      const Tables t = model.totals(last_ + after);
      EXPECT_EQ(std::accumulate(t.state_ns.begin(), t.state_ns.end(), std::uint64_t{0}), t.live_integral_ns);
      EXPECT_EQ(std::accumulate(t.in_state.begin(), t.in_state.end(), std::uint64_t{0}), t.live);
      for (const std::uint64_t ns : t.state_ns) EXPECT_LE(ns, t.live_integral_ns);
    }
  }

  void groups(std::initializer_list<gt_group> on, std::uint64_t at = kStart) {
    for (const gt_group g : on) model.group(g, true, at);
    last_ = std::max(last_, at);
  }
  void apply(const gt_record& r) {
    model.apply(r);
    last_ = std::max(last_, r.time_ns);
  }
  void create(std::uint64_t t, std::uint64_t goid, std::uint64_t startpc = 0x4000, std::uint64_t stack = 77) {
    gt_record r = event(GT_HOOK_CREATE, t, goid, stack);
    r.object = 0x4100;
    r.extra = startpc;
    apply(r);
  }
  void run(std::uint64_t t, std::uint64_t goid) { apply(event(GT_HOOK_EXECUTE, t, goid)); }
  void park(std::uint64_t t, std::uint64_t goid, Reason reason = kChanReceive, std::uint64_t stack = 5,
            std::uint64_t object = 0) {
    apply(park_event(t, goid, reason, stack, object));
  }
  void ready(std::uint64_t t, std::uint64_t goid, std::uint64_t stack = 9,
             gt_actor actor = GT_ACTOR_GOROUTINE) {
    gt_record r = event(GT_HOOK_READY, t, goid, stack);
    r.flags = static_cast<gt_u8>(actor);
    apply(r);
  }
  void exit(std::uint64_t t, std::uint64_t goid) { apply(event(GT_HOOK_EXIT, t, goid)); }
  void hook(gt_hook h, std::uint64_t t, std::uint64_t goid, std::uint64_t stack = 0) {
    apply(event(h, t, goid, stack));
  }
  void gap(std::uint64_t from, std::uint64_t to) {
    model.gap(from, to);
    last_ = std::max(last_, to);
  }
  static Snapshot snapshot(std::uint64_t begin, std::uint64_t end,
                           std::vector<GoroutineSnapshot> goroutines) {
    Snapshot s;
    s.goroutines = std::move(goroutines);
    s.counts.begin_ns = begin;
    s.counts.end_ns = end;
    return s;
  }
  void look(std::uint64_t begin, std::uint64_t end, std::vector<GoroutineSnapshot> goroutines) {
    model.apply(snapshot(begin, end, std::move(goroutines)));
    last_ = std::max(last_, end);
  }
  static GoroutineSnapshot seen(std::uint64_t goid, GStatus status, std::uint64_t at, Reason reason = kZero,
                                std::uint64_t stack = 5) {
    GoroutineSnapshot g;
    g.goid = goid;
    g.status = status;
    g.read_at_ns = at;
    g.wait_reason = reason;
    g.stack_id = stack;
    g.gopc = 0x4100;
    g.startpc = 0x4000;
    return g;
  }
  Tables tables(std::uint64_t at) {
    last_ = std::max(last_, at);
    return model.tables(at);
  }
  static std::uint64_t in(const Tables& t, GState s) { return t.state_ns[static_cast<std::size_t>(s)]; }
  static std::uint64_t now_in(const Tables& t, GState s) { return t.in_state[static_cast<std::size_t>(s)]; }

  Model model;

 private:
  std::uint64_t last_ = 0;
};

}  // namespace gorotrace
