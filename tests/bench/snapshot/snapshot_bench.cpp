// Reading every goroutine of a process: wall and CPU time of the reader, what the target pays beside what its
// own profile costs it, how much could be validated, and what finding out what they wait on adds. Arguments:
// Go version, parked goroutines, rounds. Prints medians; interleaves what it compares.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "base/clock.h"
#include "go_target.h"
#include "waits/wait_reader.h"

namespace gorotrace {
namespace {

// Above this its own profile with debug=2 takes minutes, all of them with the world stopped.
constexpr std::size_t kMostForDebug2 = 200'000;

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
  void take(const GoroutineReader& reader, StackDepth depth) {
    const std::uint64_t begin = monotonic_ns();
    const double cpu_begin = own_cpu_ms();
    const auto snapshot = reader.read(depth);
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

struct WaitsTiming {
  std::vector<double> wall, cpu;
  Waits last;
  void take(const WaitReader& reader, const Snapshot& snapshot) {
    const std::uint64_t begin = monotonic_ns();
    const double cpu_begin = own_cpu_ms();
    auto waits = reader.read(snapshot);
    if (!waits) throw std::runtime_error(waits.error().message);
    wall.push_back(static_cast<double>(monotonic_ns() - begin) / 1e6);
    cpu.push_back(own_cpu_ms() - cpu_begin);
    last = std::move(*waits);
  }
  void print(const char* what) const {
    fmt::print("{:<28} {:8.1f} ms wall {:8.1f} ms cpu   proven {} likely {} not found {} moved {}\n", what,
               median(wall), median(cpu), last.proven, last.likely, last.not_found, last.moved);
  }
};

// What the target went through meanwhile: its CPU time and the longest time a goroutine of it that sleeps 1
// ms at a time did not run.
struct Meanwhile {
  std::vector<double> wall, cpu, gap;
  template <typename F>
  void take(testing::GoTarget& target, F f) {
    target.ask("gap");
    const std::uint64_t cpu_begin = target.process().cpu_time_ns().value_or(0), begin = monotonic_ns();
    f();
    wall.push_back(static_cast<double>(monotonic_ns() - begin) / 1e6);
    cpu.push_back(static_cast<double>(target.process().cpu_time_ns().value_or(0) - cpu_begin) / 1e6);
    gap.push_back(std::stod(target.ask("gap").substr(3)) / 1e6);
  }
  void print(const char* what) const {
    fmt::print("  {:<28} {:8.1f} ms wall, target: {:8.1f} ms CPU, longest gap {:8.1f} ms\n", what,
               median(wall), median(cpu), median(gap));
  }
};

void at_rest(const std::string& version, const std::string& count, int rounds) {
  testing::GoTarget target("parked", version);
  while (target.line() != "end") {
  }
  target.ask("parked " + count);
  const GoroutineReader reader(target.process(), target.goroutine_config());
  WaitReader::Config waits_config = WaitReader::config_for(target.binary(), target.modules());
  waits_config.find = WaitReader::Find::kObjects;
  const WaitReader waits_reader(target.process(), &target.process(), waits_config);
  Timing stacks, whole, words;
  WaitsTiming waits;
  Meanwhile nothing, outside, debug0, debug2;
  for (int i = 0; i < rounds; ++i) {
    stacks.take(reader, StackDepth::kAsProbes);
    whole.take(reader, StackDepth::kWhole);
    words.take(reader, StackDepth::kNoStacks);
    if (const auto snapshot = reader.read(StackDepth::kWhole)) waits.take(waits_reader, *snapshot);
    nothing.take(target, [] { std::this_thread::sleep_for(100ms); });
    outside.take(target, [&] { (void)reader.read(StackDepth::kAsProbes); });
    debug0.take(target, [&] { target.ask("profile 0"); });
    if (i < 3 && std::stoul(count) <= kMostForDebug2) debug2.take(target, [&] { target.ask("profile 2"); });
  }
  fmt::print("at rest, go{}, {} parked goroutines, {} rounds\n", version, count, rounds);
  stacks.print("  with stacks");
  whole.print("  with whole stacks");
  words.print("  without stacks");
  waits.print("  what they wait on");
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("  peak resident memory {} MB\n", usage.ru_maxrss / 1024);
  nothing.print("nothing");
  outside.print("read from outside");
  debug0.print("its own profile, debug=0");
  if (!debug2.wall.empty()) debug2.print("its own profile, debug=2");
}

// Goroutines the target makes in half a second: its speed, read from its own counters.
double creations_per_second(CounterReader& counters, const GoroutineReader* back_to_back) {
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

// The target has one CPU, so that the reader does not take it away.
void under_churn(const std::string& version, const std::string& count, int rounds) {
  ::setenv("GOMAXPROCS", "1", 1);
  testing::GoTarget target("churn", version, {count, "create"});
  target.line();
  const GoroutineReader reader(target.process(), target.goroutine_config());
  CounterReader counters(target.process(), target.counter_config());
  Timing with;
  std::vector<double> alone, read;
  for (int i = 0; i < rounds; ++i) {
    with.take(reader, StackDepth::kAsProbes);
    alone.push_back(creations_per_second(counters, nullptr));
    read.push_back(creations_per_second(counters, &reader));
  }
  fmt::print("under churn, GOMAXPROCS=1\n");
  with.print("  with stacks");
  fmt::print("  target's creations/s: {:.0f} alone, {:.0f} read back to back, ratio {:.3f}\n", median(alone),
             median(read), median(read) / median(alone));
}

}  // namespace
}  // namespace gorotrace

int main(int argc, char** argv) {
  try {
    const std::string version = argc > 1 ? argv[1] : "1.26.11", count = argc > 2 ? argv[2] : "100000";
    const int rounds = argc > 3 ? std::atoi(argv[3]) : 9;
    gorotrace::at_rest(version, count, rounds);
    gorotrace::under_churn(version, count, rounds);
  } catch (const std::exception& e) {
    fmt::print(stderr, "snapshot_bench: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
