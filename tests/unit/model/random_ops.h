// A random program with all that a model may be told of it: records with labels, objects, creators, wakers,
// system goroutines and those of C threads, some late; groups that go off and on, loss, looks at memory.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "random_trace.h"

namespace gorotrace {

inline constexpr std::uint64_t kCThread = 1'000'000;  // goids of C threads' goroutines begin there
inline constexpr std::uint64_t kUserStacks = 40;  // a stack from there on has the program's own code in it

struct Op {
  std::uint64_t at_ns;  // of what it tells, but for stragglers
  std::function<void(Model&)> apply;
};

// Defined before anything names them.
inline void define_all(Model& model) {
  for (std::uint64_t id = 1; id <= 60; ++id)
    model.define(id, std::make_shared<const StackPcs>(StackPcs{{0x401000 + id}, false, id >= kUserStacks}));
}

class RandomOps {
 public:
  struct Likes {
    bool lossless = false;         // no loss, no group that goes, no straggler, no look that is wrong
    std::uint64_t disturbed = 60;  // an event in so many is followed by something else
  };
  RandomOps(std::uint64_t seed, int steps, Likes likes) : likes_(likes), random_(seed * 77 + 5) {
    std::vector<gt_group> on{GT_GROUP_LIFECYCLE, GT_GROUP_BLOCK};
    for (const gt_group g : {GT_GROUP_RUN, GT_GROUP_SYSCALL, GT_GROUP_SYNC, GT_GROUP_CHAN, GT_GROUP_GC}) {
      if (likes_.lossless || random_() % 4 != 0) on.push_back(g);
    }
    for (const gt_group g : on) add(1000, [g](Model& m) { m.group(g, true, 1000); });
    for (gt_record r : play(seed, steps).events) {
      now_ = std::max(now_, r.time_ns);
      enrich(r);
      tell(r);
      if (random_() % likes_.disturbed == 0) disturb();
      if (random_() % 200 == 0) c_thread();
      if (random_() % 20 == 0) collector();
    }
  }
  [[nodiscard]] const std::vector<Op>& all() const { return ops_; }

 private:
  struct Alive {
    GStatus status = GStatus::kRunnable;
    std::uint64_t stack = 0, startpc = 0x4000, labels = 0;
    std::uint8_t reason = 0;
  };

  void add(std::uint64_t at_ns, std::function<void(Model&)> apply) {
    ops_.push_back({at_ns, std::move(apply)});
  }

  void enrich(gt_record& r) {
    if (r.stack > 20) r.stack = 1 + r.stack % 20;  // rows that grow need shared ones
    switch (r.hook) {
      case GT_HOOK_CREATE: {
        r.object = 0x4100 + r.goid % 3;
        r.extra = r.goid % 11 == 0 ? kSystemStart : 0x4000 + r.goid % 2;
        r.stack = 30 + random_() % 20;
        if (!alive_.empty() && random_() % 4 != 0) {
          auto creator = alive_.begin();
          std::advance(creator, static_cast<std::ptrdiff_t>(random_() % alive_.size()));
          r.flags = GT_ACTOR_GOROUTINE;
          r.other = creator->first;
        }
        alive_[r.goid] = {.startpc = r.extra, .labels = random_() % 3};
        return;
      }
      case GT_HOOK_PARK: {
        Alive& g = alive_[r.goid];
        constexpr Reason kOften[] = {kChanReceive, kSelect, kSleep,   kMutexLock,
                                     kSemacquire,  kIoWait, kCondWait};
        r.detail = kOften[random_() % std::size(kOften)];
        if (r.detail != kChanReceive && r.detail != kSelect) r.object = 0;
        if (r.detail == kMutexLock || r.detail == kSemacquire) {
          gt_record acquire = event(GT_HOOK_SEM_ACQUIRE, r.time_ns, r.goid, 0);
          acquire.object = 0xd000 + random_() % 6;
          if (random_() % 4 != 0) tell(acquire);
        }
        if (random_() % 30 == 0) g.labels = random_() % 4;
        r.extra = g.labels;
        g.status = GStatus::kWaiting;
        g.stack = r.stack;
        g.reason = r.detail;
        return;
      }
      case GT_HOOK_READY:
      case GT_HOOK_INJECT:
        r.stack = 21 + random_() % (random_() % 10 == 0 ? 12 : 4);
        r.flags = static_cast<gt_u8>(1 + random_() % 3);
        [[fallthrough]];
      case GT_HOOK_YIELD:
      case GT_HOOK_SYSCALL_EXIT_SLOW:
        alive_[r.goid].status = GStatus::kRunnable;
        return;
      case GT_HOOK_SYSCALL_ENTER:
        alive_[r.goid].status = GStatus::kSyscall;
        alive_[r.goid].stack = r.stack;
        return;
      case GT_HOOK_EXIT:
        alive_.erase(r.goid);
        return;
      default:
        alive_[r.goid].status = GStatus::kRunning;
        if (random_() % 4 == 0) operate(r);
    }
  }

  // It runs, and does something with a channel or a semaphore.
  void operate(const gt_record& running) {
    constexpr gt_hook kWhat[] = {GT_HOOK_CHAN_SEND, GT_HOOK_CHAN_RECV, GT_HOOK_CHAN_CLOSE,
                                 GT_HOOK_SEM_RELEASE};
    gt_record r = event(kWhat[random_() % 4], running.time_ns, running.goid, 21 + random_() % 5);
    r.object = (r.hook == GT_HOOK_SEM_RELEASE ? 0xd000 : 0xc000) + random_() % 8;
    if (random_() % 3 == 0) r.flags = GT_REC_WOULD_BLOCK;
    pending_ = r;
  }

  void tell(const gt_record& r) {
    // One in a hundred is told behind the next.
    if (!likes_.lossless && !held_ && random_() % 100 == 0) {
      held_ = r;
      return;
    }
    add(r.time_ns, [r](Model& m) { m.apply(r); });
    if (held_) {
      const gt_record late = *std::exchange(held_, std::nullopt);
      add(r.time_ns, [late](Model& m) { m.apply(late); });
    }
    if (pending_) tell(*std::exchange(pending_, std::nullopt));
  }

  // The world stops or goes on, a collection begins or ends: in an order in which it may.
  void collector() {
    const bool old = random_() % 2 == 0;  // up to Go 1.20 no reason is told
    gt_record r = event(GT_HOOK_STW_BEGIN, now_, 1, 21);
    r.detail = static_cast<gt_u8>(old ? GT_NO_REASON : random_() % 18);
    if (world_stopped_) {
      r.hook = marking_ && random_() % 4 == 0 ? GT_HOOK_GC_END : GT_HOOK_STW_END;
    } else if (!marking_ && random_() % 2 == 0) {
      r.hook = GT_HOOK_GC_BEGIN;
    }
    if (r.hook == GT_HOOK_STW_BEGIN || r.hook == GT_HOOK_STW_END) world_stopped_ = !world_stopped_;
    if (r.hook == GT_HOOK_GC_BEGIN || r.hook == GT_HOOK_GC_END) marking_ = !marking_;
    tell(r);
  }

  // needm, a call into Go that waits, dropm; a few of them go on for long.
  void c_thread() {
    const std::uint64_t goid = kCThread + random_() % 5;
    if (c_threads_.erase(goid) != 0) {
      tell(event(GT_HOOK_EXTRA_OUT, now_, goid));
      return;
    }
    c_threads_[goid] = true;
    tell(event(GT_HOOK_EXTRA_IN, now_, goid, 20));
    tell(event(GT_HOOK_SYSCALL_EXIT, now_, goid));
    tell(park_event(now_, goid, kChanReceive, 1 + random_() % 20, 0xc000));
    tell(event(GT_HOOK_READY, now_, goid, 22));
    tell(event(GT_HOOK_EXECUTE, now_, goid));
  }

  void disturb() {
    const std::uint64_t what = random_() % 10;
    if (what < 5) return look(random_() % 3 != 0);
    if (likes_.lossless) return;
    if (what == 5) {
      const std::uint64_t from = now_ - random_() % 100, to = now_ + random_() % 400;
      return add(now_, [from, to](Model& m) { m.gap(from, to); });
    }
    if (what < 8) {
      const auto group = static_cast<gt_group>(random_() % GT_GROUP_COUNT);
      const bool on = random_() % 3 != 0;
      return add(now_, [group, on, at = now_](Model& m) { m.group(group, on, at); });
    }
    if (what == 8) return add(now_, [at = now_](Model& m) { m.advance(at); });
    coroutine();
  }

  void coroutine() {
    gt_record r = event(GT_HOOK_CREATE_CORO, now_, kCThread / 2 + now_, 33);
    r.object = 0x4100;
    r.extra = 0x4000;
    tell(r);
    if (random_() % 2 == 0) return;
    tell(event(GT_HOOK_CORO_IN, now_, r.goid));
    r = event(GT_HOOK_CORO_OUT, now_, r.goid, 7);
    if (random_() % 2 == 0) {
      r.flags = GT_REC_ENDS;
      r.object = 0x4100;
      r.extra = 0x4000;
    }
    tell(r);
  }

  void look(bool whole) {
    Snapshot s;
    s.counts.begin_ns = now_ - 300;
    s.counts.end_ns = now_;
    s.counts.not_reached = whole ? 0 : 1;
    s.counts.extra = 3 + ops_.size() / 5000;
    SeenObjects seen{now_, {}};
    for (const auto& [goid, g] : alive_) {
      if (random_() % (whole ? 40 : 3) == 0 && !likes_.lossless) continue;
      GoroutineSnapshot& read = s.goroutines.emplace_back();
      read.goid = goid;
      read.status = likes_.lossless || random_() % 5 != 0 ? g.status : static_cast<GStatus>(random_() % 12);
      read.read_at_ns = now_ - (likes_.lossless ? 0 : random_() % 300);
      read.wait_reason = g.reason;
      read.stack_id = random_() % 10 == 0 ? 0 : g.stack;
      read.gopc = 0x4100 + goid % 3;
      read.startpc = g.startpc;
      read.parent_goid = 1 + random_() % goid;
      read.labels = g.labels;
      read.label = g.labels == 0 ? kLabelNone : g.labels == 1 ? kLabelNotRead : 100 + g.labels;
      if (random_() % 10 == 0) read.waited_at_ns = read.read_at_ns - random_() % 2000;
      if (g.status == GStatus::kWaiting && random_() % 2 == 0)
        seen.objects.push_back({goid, 0xd000 + random_() % 6, ObjectRow::Kind::kSemaphore, read.read_at_ns});
    }
    for (const auto& [goid, in] : c_threads_) {
      GoroutineSnapshot& read = s.goroutines.emplace_back();
      read.goid = goid;
      read.status = GStatus::kRunning;
      read.read_at_ns = now_;
    }
    s.label_values = {{102, "acme"}, {103, "zeta"}};
    add(now_, [s = std::make_shared<const Snapshot>(std::move(s))](Model& m) { m.apply(*s); });
    if (random_() % 2 == 0) add(now_, [seen](Model& m) { m.apply(seen); });
  }

  Likes likes_;
  std::mt19937_64 random_;
  std::vector<Op> ops_;
  std::uint64_t now_ = 1000;
  std::map<std::uint64_t, Alive> alive_;
  std::map<std::uint64_t, bool> c_threads_;
  std::optional<gt_record> held_, pending_;
  bool world_stopped_ = false, marking_ = false;
};

// Any event of any goroutine in any order, and looks that say anything.
inline std::vector<Op> rubbish(std::uint64_t seed, int steps) {
  std::mt19937_64 random(seed);
  std::vector<Op> ops;
  std::uint64_t t = 5000;
  for (int i = 0; i < steps; ++i) {
    t += random() % 20;
    gt_record r = event(static_cast<gt_hook>(random() % (GT_HOOK_COUNT + 2)), t - random() % 200,
                        random() % 40, 1 + random() % 20);
    r.detail = static_cast<gt_u8>(random() % 12);
    r.flags = static_cast<gt_u8>(random());
    r.object = random() % 10;
    r.extra = random() % 4 == 0 ? kSystemStart : random() % 5;
    r.other = random() % 40;
    ops.push_back({t, [r](Model& m) { m.apply(r); }});
    const std::uint64_t what = random() % 200;
    if (what == 0) {
      const std::uint64_t from = t - random() % 100, to = t + random() % 100;
      ops.push_back({t, [from, to](Model& m) { m.gap(from, to); }});
    } else if (what < 5) {
      const auto group = static_cast<gt_group>(random() % GT_GROUP_COUNT);
      ops.push_back({t, [group, on = random() % 3 != 0, t](Model& m) { m.group(group, on, t); }});
    } else if (what < 8) {
      Snapshot s;
      s.counts.begin_ns = t - 150;
      s.counts.end_ns = t;
      s.counts.not_reached = random() % 2;
      s.counts.extra = random() % 5;
      for (int k = 0; k < 30; ++k) {
        GoroutineSnapshot& g = s.goroutines.emplace_back();
        g.goid = random() % 40;
        g.status = static_cast<GStatus>(random() % 12);
        g.read_at_ns = t - random() % 150;
        g.gopc = random() % 3;
        g.startpc = random() % 4 == 0 ? kSystemStart : random() % 5;
        g.stack_id = random() % 20;
        g.wait_reason = static_cast<std::uint8_t>(random() % 12);
        g.parent_goid = random() % 40;
        g.labels = random() % 3;
        g.label = random() % 5;
        g.waited_at_ns = random() % (2 * t);
      }
      ops.push_back({t, [s](Model& m) { m.apply(s); }});
    }
  }
  return ops;
}

}  // namespace gorotrace
