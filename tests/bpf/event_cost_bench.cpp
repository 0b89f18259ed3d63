// What one event costs beyond its trap, on goroutines laid out in this process: each program against an empty
// one at the same instruction, interleaved, medians. And what attaching and detaching cost. Prints; asserts
// nothing.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "capture/attach.h"
#include "capture/capture.h"
#include "capture/own_code.h"
#include "capture/selftest.h"
#include "fake_go.h"

namespace gorotrace {
namespace {

using testing::FakeGoroutine;
using testing::FakeM;

constexpr int kRounds = 9, kBatches = 200, kHits = 256;
constexpr std::size_t kEmptyTwin = 16;  // site i + 16 carries the empty program
enum SiteIndex : std::size_t { kPark, kReady, kExecute, kCreate, kSyscallEnter, kSiteCount };

struct Step {
  std::size_t site;
  FakeRegs regs;
  FakeGoroutine* runs = nullptr;  // on the M from here on; null: as before
};

struct Case {
  std::string name;
  std::vector<Step> steps;
  std::vector<double> empty{}, traced{};  // ns a hit
};

std::uint64_t thread_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

double ns_per_hit(Case& c, std::size_t offset, FakeM& m) {
  alignas(16) static std::uint64_t spare[512];
  for (Step& step : c.steps) {
    step.regs.site = testing::site_address(step.site + offset);
    if (step.regs.sp == 0) step.regs.sp = reinterpret_cast<std::uint64_t>(spare + 500);
  }
  const std::uint64_t start = thread_cpu_ns();
  for (std::size_t i = 0; i < kHits / c.steps.size(); ++i) {
    for (Step& step : c.steps) {
      if (step.runs != nullptr) m.set_curg(step.runs);
      gt_fake_hit(&step.regs);
    }
  }
  return static_cast<double>(thread_cpu_ns() - start) / kHits;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

int run() {
  constexpr GroupMask kBlock = group_bit(GT_GROUP_BLOCK), kRun = group_bit(GT_GROUP_RUN),
                      kLifecycle = group_bit(GT_GROUP_LIFECYCLE), kSyscall = group_bit(GT_GROUP_SYSCALL);
  const Plan plan = testing::fake_plan({{GT_HOOK_PARK, kBlock},
                                        {GT_HOOK_READY, kBlock},
                                        {GT_HOOK_EXECUTE, kBlock | kRun},
                                        {GT_HOOK_CREATE, kLifecycle, testing::kArg1},
                                        {GT_HOOK_SYSCALL_ENTER, kSyscall}});
  FakeGoroutine shallow(4, 4, 0x401000), usual(12, 12, 0x402000), deep(32, 32, 0x403000),
      partner(13, 12, 0x404000);
  std::array<std::uint64_t, 16> sudog{};
  gt_target config = testing::fake_config();
  // As by default: neither which channel, nor labels (session/target.cpp, bpf_config).
  config.sudog_reasons = 0;
  config.g_waiting = config.g_labels = 0xffff;
  config.g_park_words = 176 / 8 + 1;
  for (FakeGoroutine* g : {&shallow, &usual, &deep, &partner}) {
    g->g.at<std::uint8_t>(176) = 19;
    g->g.at<std::uint64_t>(320) = reinterpret_cast<std::uint64_t>(sudog.data());
  }
  FakeM m, idle;
  m.set_curg(&usual);
  const auto park = [&](FakeGoroutine& g, FakeGoroutine* runs = nullptr) {
    return Step{kPark, {.arg0 = g.g.address(), .g = m.g0.address()}, runs};
  };
  const auto ready = [&](FakeGoroutine& g, const FakeM& on, FakeGoroutine* runs = nullptr) {
    return Step{kReady, {.arg0 = g.g.address(), .g = on.g0.address()}, runs};
  };
  std::vector<Case> cases = {
      {"park, 4 frames", {park(shallow)}},
      {"park, 12 frames", {park(usual)}},
      {"park, 32 frames", {park(deep)}},
      {"ready by a goroutine, 12 frames", {ready(shallow, m)}},
      {"ready by the runtime", {ready(shallow, idle)}},
      // As two that play ping-pong on one M: each wakes the other, and parks.
      {"ready and park in turn, 12 frames",
       {ready(partner, m, &usual), park(usual), ready(usual, m, &partner), park(partner)}},
      // The one that was woken runs elsewhere.
      {"the same, by a third goroutine",
       {ready(shallow, m, &usual), park(usual), ready(shallow, m, &partner), park(partner)}},
      {"execute", {{kExecute, {.arg0 = usual.g.address(), .g = m.g0.address()}}}},
      {"create, 12 frames", {{kCreate, {.arg1 = shallow.g.address(), .g = m.g0.address()}, &usual}}},
      {"syscall enter, 12 frames",
       {{kSyscallEnter, {.g = usual.g.address(), .fp = usual.fp(), .sp = usual.sp()}}}},
  };
  auto capture = Capture::make({});
  if (!capture) return std::fprintf(stderr, "%s\n", capture.error().message.c_str()), 1;
  const auto slot = (*capture)->add_target(::getpid(), kOwnExecutable, config, plan);
  if (!slot) return std::fprintf(stderr, "%s\n", slot.error().message.c_str()), 1;
  auto skeleton = load_selftest((*capture)->mode());
  if (!skeleton) return std::fprintf(stderr, "%s\n", skeleton.error().message.c_str()), 1;
  std::vector<AttachPoint> points;
  for (const Site& site : testing::fake_plan(std::vector<testing::FakeSite>(kEmptyTwin + kSiteCount)).sites)
    points.push_back({site.file_offset, 0});
  points.erase(points.begin(), points.begin() + kEmptyTwin);

  const auto took_ms = [](const std::function<bool()>& step) {
    const std::uint64_t start = monotonic_ns();
    const bool ok = step();
    return ok ? static_cast<double>(monotonic_ns() - start) / 1e6 : -1.0;
  };
  const auto detach = [&] {
    if (!(*capture)->set_groups(*slot, 0)) return false;
    while ((*capture)->detaching(*slot)) std::this_thread::sleep_for(std::chrono::microseconds(100));
    return true;
  };
  const GroupMask all = kBlock | kRun | kLifecycle | kSyscall;
  std::vector<double> attach_all, detach_all, attach_one, detach_one;
  for (int round = 0; round < kRounds; ++round) {
    attach_one.push_back(took_ms([&] { return (*capture)->set_groups(*slot, kLifecycle).has_value(); }));
    detach_one.push_back(took_ms(detach));
    attach_all.push_back(took_ms([&] { return (*capture)->set_groups(*slot, all).has_value(); }));
    detach_all.push_back(took_ms(detach));
  }
  auto links =
      attach_points((*skeleton)->progs.gt_empty, (*capture)->mode(), ::getpid(), kOwnExecutable, points);
  if (!links) return std::fprintf(stderr, "%s\n", links.error().message.c_str()), 1;
  if (!(*capture)->set_groups(*slot, all)) return 1;
  for (int batch = 0; batch < kBatches; ++batch) {
    for (Case& c : cases) {
      c.empty.push_back(ns_per_hit(c, kEmptyTwin, m));
      c.traced.push_back(ns_per_hit(c, 0, m));
    }
    (*capture)->drain([](unsigned, const gt_record&) {});
  }
  std::printf("%-34s %8s %8s %7s %7s\n", "event", "empty ns", "ours ns", "added", "ratio");
  for (const Case& c : cases)
    std::printf("%-34s %8.0f %8.0f %7.0f %7.2f\n", c.name.c_str(), median(c.empty), median(c.traced),
                median(c.traced) - median(c.empty), median(c.traced) / median(c.empty));
  std::printf(
      "%s: attach one unit %.0f ms, detach %.0f ms; attach four groups (5 units) %.0f ms, detach %.0f ms\n",
      name_of((*capture)->mode()), median(attach_one), median(detach_one), median(attach_all),
      median(detach_all));
  const CaptureCounters counters = (*capture)->counters();
  std::printf("produced %llu, dropped %llu\n", static_cast<unsigned long long>(counters.produced),
              static_cast<unsigned long long>(counters.dropped_total()));
  return 0;
}

}  // namespace
}  // namespace gorotrace

int main() {
  return gorotrace::run();
}
