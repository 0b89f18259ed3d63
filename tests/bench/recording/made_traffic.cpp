#include "made_traffic.h"

#include <cmath>
#include <deque>
#include <functional>
#include <random>

namespace gorotrace::bench {
namespace {

constexpr gt_u8 kChanReceive = 14, kIoWait = 2, kMutexLock = 21;  // wait reasons
constexpr gt_u64 kHeap = 0xc000000000;

gt_record event(gt_hook hook, gt_u64 goid) {
  gt_record r{};
  r.hook = static_cast<gt_u8>(hook);
  r.goid = goid;
  return r;
}
gt_record park(gt_u64 goid, gt_u8 reason, gt_u64 stack, gt_u64 channel, gt_u64 labels) {
  gt_record r = event(GT_HOOK_PARK, goid);
  r.detail = reason;
  r.stack = stack;
  r.object = channel;
  r.extra = labels;
  return r;
}
gt_record ready(gt_u64 goid, gt_u64 waker, gt_u64 stack) {
  gt_record r = event(GT_HOOK_READY, goid);
  r.other = waker;
  r.stack = stack;
  r.flags = waker != 0 ? GT_ACTOR_GOROUTINE : GT_ACTOR_RUNTIME;
  return r;
}
gt_record of_creation(gt_hook hook, gt_u64 goid, gt_u64 creator, gt_u64 stack) {
  gt_record r = event(hook, goid);
  r.other = creator;
  r.object = 0x6a2345;
  r.extra = 0x6a1000;
  r.stack = stack;
  return r;
}

// CPUs that work off what they are given, in the order of their clocks.
class Machine {
 public:
  using Work = std::function<std::vector<gt_record>(std::mt19937_64&)>;

  Machine(unsigned cpus, double mean_ns) : mean_ns_(mean_ns), cpus_(cpus) {
    for (Cpu& cpu : cpus_) cpu.time_ns = 1'000'000'000'000 + random_() % 1000;
  }

  std::vector<gt_record> run(std::size_t records, const Work& work) {
    std::vector<gt_record> out;
    while (out.size() < records) {
      std::size_t first = 0;
      for (std::size_t i = 1; i < cpus_.size(); ++i) {
        if (cpus_[i].time_ns < cpus_[first].time_ns) first = i;
      }
      Cpu& cpu = cpus_[first];
      if (cpu.todo.empty()) {
        for (const gt_record& r : work(random_)) cpu.todo.push_back(r);
        if (random_() % 512 == 0) cpu.thread = static_cast<gt_u32>(random_() % (2 * cpus_.size()));
      }
      gt_record& r = out.emplace_back(cpu.todo.front());
      cpu.todo.pop_front();
      r.cpu = static_cast<gt_u16>(first);
      r.tid = 4711 + cpu.thread;
      r.time_ns = cpu.time_ns;
      const double uniform = static_cast<double>(random_() >> 11) / 9007199254740992.0;
      cpu.time_ns += 250 + static_cast<gt_u64>(-std::log(1 - uniform) * mean_ns_);
    }
    return out;
  }

 private:
  struct Cpu {
    std::deque<gt_record> todo;
    gt_u64 time_ns = 0;
    gt_u32 thread = 0;
  };

  double mean_ns_;
  std::mt19937_64 random_{1};
  std::vector<Cpu> cpus_;
};

std::vector<gt_u64> stacks(std::size_t count) {
  std::mt19937_64 random(2);
  std::vector<gt_u64> out(count);
  for (gt_u64& stack : out) stack = random();
  return out;
}

}  // namespace

std::vector<gt_record> ping_pong(std::size_t records, unsigned pairs, unsigned cpus) {
  const std::vector<gt_u64> stack = stacks(4);
  std::vector<bool> turn(pairs);
  return Machine(cpus, 600).run(records, [&](std::mt19937_64& random) {
    const gt_u64 pair = random() % pairs;
    std::vector<gt_record> out;
    for (int i = 0; i < 200; ++i) {  // until another pair's turn comes
      const bool back = turn[pair];
      turn[pair] = !back;
      const gt_u64 from = 18 + 2 * pair + (back ? 1 : 0), to = 18 + 2 * pair + (back ? 0 : 1);
      out.push_back(ready(to, from, stack[back ? 0 : 1]));
      out.push_back(
          park(from, kChanReceive, stack[back ? 2 : 3], kHeap + 0x10000 + pair * 192 + (back ? 96 : 0), 0));
      out.push_back(event(GT_HOOK_EXECUTE, to));
    }
    return out;
  });
}

std::vector<gt_record> http(std::size_t records, unsigned connections, unsigned cpus) {
  const std::vector<gt_u64> stack = stacks(64);
  gt_u64 next_goid = 12'000'000;
  return Machine(cpus, 1500).run(records, [&](std::mt19937_64& random) {
    const gt_u64 conn = 4'000'000 + random() % connections * 17, route = random() % 8;
    const gt_u64 helper = next_goid++, labels = kHeap + random() % 4096 * 48,
                 channel = kHeap + random() % 65536 * 96;
    std::vector<gt_record> out = {ready(conn, 0, 0), event(GT_HOOK_EXECUTE, conn)};
    out.push_back(of_creation(GT_HOOK_CREATE, helper, conn, stack[8 + route]));
    if (random() % 4 == 0) {
      out.push_back(park(conn, kMutexLock, stack[16 + route], 0, labels));
      out.push_back(event(GT_HOOK_EXECUTE, helper));
      out.push_back(ready(conn, helper, stack[24 + random() % 8]));
    } else {
      out.push_back(park(conn, kChanReceive, stack[32 + route], channel, labels));
      out.push_back(event(GT_HOOK_EXECUTE, helper));
      out.push_back(ready(conn, helper, stack[40 + route]));
    }
    out.push_back(of_creation(GT_HOOK_EXIT, helper, 0, 0));
    out.push_back(event(GT_HOOK_EXECUTE, conn));
    out.push_back(park(conn, kIoWait, stack[0], 0, 0));
    return out;
  });
}

}  // namespace gorotrace::bench
