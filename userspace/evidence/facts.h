// What a session knows beside the model's tables, as reports take it. Plain values: filled by the session on
// the control thread, read by evidence/ and report/. Times are CLOCK_MONOTONIC ns; counters are cumulative
// since the attach.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpf/shared/abi.h"
#include "evidence/runtime_latency.h"
#include "model/model.h"
#include "probe/plan.h"
#include "snapshot/counters.h"

namespace gorotrace {

struct TargetFacts {
  pid_t pid = 0;       // in the target's own PID namespace (Process::namespace_pid)
  pid_t host_pid = 0;  // in ours
  std::string exe;     // "" when unknown, as of the others
  std::string file;    // the one whose Go runtime it is: exe, or a shared library
  std::string go_version, main_module, main_version;
  // "/tmp/demo", "/tmp/libshop.so in /usr/bin/python3.11"
  [[nodiscard]] std::string program() const {
    return file.empty() || file == exe ? exe : file + " in " + exe;
  }
};

struct CostFacts {
  std::uint64_t hits = 0;
  // hits x calibrated trap cost + program time + attaching and letting go: an estimate, and called so
  double charged_ns = 0;
  std::uint64_t target_cpu_ns = 0;  // CPU time of the target since the attach
  // What the budget leaves: a share of that, if it is one (Budget::target_share), and never less than
  // kFloorCpu.
  std::optional<double> budget_share = {};
};

// Probes that the targets of one file share, which every process of the file runs into.
struct SharedProbes {
  std::size_t targets = 0;
  std::uint64_t others_hits = 0;  // in processes that were no target: a trap each
};

// Records of one target, or of all targets of a session.
struct EventFacts {
  std::uint64_t produced = 0, received = 0;
  std::vector<std::pair<std::string, std::uint64_t>> dropped;       // by reason, every reason, 0 included
  std::vector<std::pair<std::string, std::uint64_t>> stack_failed;  // events that arrived without their stack
  [[nodiscard]] std::uint64_t dropped_total() const {
    std::uint64_t sum = 0;
    for (const auto& [reason, n] : dropped) sum += n;
    return sum;
  }
  // Of those received: what the tables, a file and its exports are made of. The others came behind the
  // window's end, while the probes were taken away. Unset: the window goes on, or the file is from before.
  std::optional<std::uint64_t> in_window = {};
  // Neither received nor dropped.
  [[nodiscard]] std::uint64_t on_their_way() const {
    const std::uint64_t known = received + dropped_total();
    return produced > known ? produced - known : 0;
  }
};

struct Detachment {
  gt_group group = GT_GROUP_LIFECYCLE;
  std::uint64_t at_ns = 0;
  std::string reason;  // "cost 14 % of the target's CPU, budget 10 %"
};

// Groups that were too dear to be on all the time: they are, now and then, so that the average keeps to the
// budget. When, Tables::covered says.
struct Phases {
  GroupMask groups = 0;
  std::uint64_t count = 0;  // that began
  std::string reason;       // what the last one took
};

// What looking at goroutines, or at the Ps, took (sampling/): the tracer's cost, not the target's.
struct SamplingFacts {
  std::uint64_t looks = 0, looks_at_all = 0;  // at_all: every goroutine was looked at
  std::uint64_t goroutines_seen = 0;          // slots of allgs, over all looks
  std::uint64_t without_stack = 0;            // sightings of a wait whose stack could not be pinned
  std::uint64_t missed = 0;                   // looks left out: no share left, or its thread did not run
  std::uint64_t cpu_ns = 0, time_ns = 0;      // CPU time of its thread, and how long it ran
};

// Everything at one instant; an interval is the difference of two.
struct Sample {
  std::uint64_t at_ns = 0;
  Tables totals;           // Ask::kTotals: no rows
  bool live_known = true;  // totals.live counts those from before the window, too
  std::optional<RuntimeCounters> counters;
  CostFacts cost;
  EventFacts events;
  GroupMask groups = 0;  // on at this instant
};

// The runtime's own words against the probes' count of the same stretch. A reading at the start lies between
// the model's totals just before and just after it, the one at the end likewise.
struct CrossCheck {
  RuntimeCounters begin, end;
  struct Totals {
    std::uint64_t created = 0, exited = 0;  // Tables::created, exited (system ones included)
  };
  Totals before_begin, after_begin, before_end, after_end;
};

struct StatFacts {
  TargetFacts target;
  std::uint64_t begin_ns = 0,
                end_ns = 0;  // all sites armed .. first detach at the end; without probes: the session
  std::vector<std::string> wait_reasons;  // GoBinary::wait_reasons()
  GroupMask requested = 0, on_at_end = 0;
  GroupMask incomplete =
      0;  // groups with a transition that cannot be probed in this binary: they see most, not all
  std::vector<Detachment> detached;  // for good
  std::optional<Phases> phases;
  std::optional<SamplingFacts> sampling;      // when it ran
  std::optional<SamplingFacts> run_sampling;  // of Tables::runs, likewise
  CostFacts cost;
  std::optional<SharedProbes> shared_probes;  // absent: its probes are its own
  std::optional<TrapCosts> calibrated;        // on this host, now; absent when nothing was attached
  EventFacts events;
  std::optional<std::uint64_t> live_at_start;  // sampling of the attach, system goroutines out
  std::uint64_t of_c_threads_at_start = 0;     // of them: Tables::of_c_threads
  std::optional<CrossCheck> cross_check;       // with lifecycle on between both readings
  std::optional<RuntimeCounters> counters_begin, counters_end;  // nearest to the window's ends
  std::optional<RuntimeLatency> runtime_latency;                // between the two
  std::string ended_by;                                         // "", "the target exited", "interrupted"
  std::vector<std::string> notices;                             // lines for a person, already complete
};

}  // namespace gorotrace
