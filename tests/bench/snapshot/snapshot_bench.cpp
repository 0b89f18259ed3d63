// Reading every goroutine of a process: wall and CPU time of the reader, what the target pays, and how much
// could be validated. Arguments: Go version, parked goroutines, rounds. Prints medians; interleaves what it
// compares.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "base/clock.h"
#include "go_target.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

double own_cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Timing {
  std::vector<double> wall, cpu;
  SnapshotCounts last;
  void take(GoroutineReader& reader, bool stacks) {
    const std::uint64_t begin = monotonic_ns();
    const double cpu_begin = own_cpu_ms();
    const auto snapshot = reader.read(stacks ? StackDepth::kAsProbes : StackDepth::kNoStacks);
    if (!snapshot) throw std::runtime_error(snapshot.error().message);
    wall.push_back(static_cast<double>(monotonic_ns() - begin) / 1e6);
    cpu.push_back(own_cpu_ms() - cpu_begin);
    last = snapshot->counts;
  }
  void print(const char* what) const {
    fmt::print(
        "{:<28} {:8.1f} ms wall {:8.1f} ms cpu   alive {} stacks {} retried {} unproven {} unvalidated {}\n",
        what, median(wall), median(cpu), last.alive, last.stacks, last.retried, last.unproven,
        last.unvalidated);
  }
};

// Goroutines the target makes in half a second: its speed, read from its own counters.
double creations_per_second(CounterReader& counters, GoroutineReader* back_to_back) {
  const auto begin = counters.read();
  const std::uint64_t until = monotonic_ns() + 500'000'000;
  while (monotonic_ns() < until) {
    if (back_to_back == nullptr) {
      std::this_thread::sleep_for(10ms);
    } else if (!back_to_back->read(StackDepth::kAsProbes)) {
      throw std::runtime_error("the target is gone");
    }
  }
  const auto end = counters.read();
  if (!begin || !end) throw std::runtime_error("no counters");
  return static_cast<double>(end->created - begin->created) * 1e9 /
         static_cast<double>(end->time_ns - begin->time_ns);
}

void run(const std::string& version, const std::string& count, int rounds) {
  {
    testing::GoTarget target("parked", version);
    while (target.line() != "end") {
    }
    target.ask("parked " + count);
    GoroutineReader reader(target.process(), target.goroutine_config());
    CounterReader counters(target.process(), target.counter_config());
    Timing with, without, words;
    const auto cpu_before = target.process().cpu_time_ns();
    for (int i = 0; i < rounds; ++i) {
      with.take(reader, true);
      without.take(reader, false);
      const std::uint64_t begin = monotonic_ns();
      const auto c = counters.read();
      if (!c) throw std::runtime_error(c.error().message);
      words.wall.push_back(static_cast<double>(monotonic_ns() - begin) / 1e6);
    }
    const auto cpu_after = target.process().cpu_time_ns();
    fmt::print("at rest, go{}, {} parked goroutines, {} rounds\n", version, count, rounds);
    with.print("  with stacks");
    without.print("  without stacks");
    fmt::print("{:<28} {:8.3f} ms wall\n", "  counters", median(words.wall));
    fmt::print("  target's CPU time meanwhile {:.3f} ms\n",
               static_cast<double>(cpu_after.value_or(0) - cpu_before.value_or(0)) / 1e6);
  }
  testing::GoTarget target("churn", version, {count});
  target.line();
  GoroutineReader reader(target.process(), target.goroutine_config());
  CounterReader counters(target.process(), target.counter_config());
  std::this_thread::sleep_for(1s);
  Timing with;
  for (int i = 0; i < rounds; ++i) with.take(reader, true);
  std::vector<double> alone, read;
  for (int i = 0; i < rounds; ++i) {
    alone.push_back(creations_per_second(counters, nullptr));
    read.push_back(creations_per_second(counters, &reader));
  }
  fmt::print("under churn, GOMAXPROCS = all CPUs\n");
  with.print("  with stacks");
  fmt::print("  target's creations/s: {:.0f} alone, {:.0f} read back to back, ratio {:.3f}\n", median(alone),
             median(read), median(read) / median(alone));
}

}  // namespace
}  // namespace gorotrace

int main(int argc, char** argv) {
  try {
    gorotrace::run(argc > 1 ? argv[1] : "1.26.11", argc > 2 ? argv[2] : "100000",
                   argc > 3 ? std::atoi(argv[3]) : 9);
  } catch (const std::exception& e) {
    fmt::print(stderr, "snapshot_bench: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
