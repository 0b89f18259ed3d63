// What is known of the targets, as one ordered stream of plain data. Whoever reads it needs neither a kernel
// nor a process nor a binary: a definition stands before the first record that names it. The order holds per
// target; between targets only Advanced orders. Values, shared between readers and never changed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "bpf/shared/abi.h"
#include "model/model.h"
#include "model/panics.h"
#include "model/target_id.h"
#include "sampling/sample_tick.h"
#include "snapshot/counters.h"
#include "snapshot/goroutines.h"

namespace gorotrace {

// No item is of then.
inline constexpr std::uint64_t kEndOfTime = std::numeric_limits<std::uint64_t>::max();

// The first item of a target.
struct TargetBegun {
  pid_t host_pid = 0;  // in the tracer's PID namespace
  std::uint64_t start_time_ticks = 0;
  std::string exe;
  std::vector<std::string> wait_reasons;
  std::string label_key = {};  // rows of waits are told apart by the values of this label; "" = of none
};
// Its window is over: of what comes later only records from before it count.
struct TargetEnded {};
// Nothing of it comes any more, and nobody will ask for it.
struct TargetGone {};

// In time order but for stragglers. A suspended goroutine's record (GT_HOOK_SUSPEND) names its whole stack.
struct Records {
  std::vector<gt_record> records;
};
struct StackDefined {
  std::uint64_t id = 0;
  StackRef stack;
};
struct FunctionDescribed {  // a start function
  std::uint64_t startpc = 0;
  std::string name;     // as the binary has it: not printable() yet; "" when it has none
  bool system = false;  // goroutines that begin there are the runtime's own
};
// What the record of a panic or of a fatal error names: told in front of each.
struct ValueDefined {
  std::uint64_t id = 0;
  PanicValue value;
};
struct GroupChanged {
  gt_group group = GT_GROUP_LIFECYCLE;
  bool on = false;
};
struct CountersRead {
  RuntimeCounters counters;
  // How many times sched.timeToRun had been given by then, which is done for one in eight of those that leave
  // running; nullopt: it could not be read.
  std::optional<std::uint64_t> timed_runs = {};
};
// Cumulative since the target began.
struct CostCharged {
  std::uint64_t hits = 0, target_cpu_ns = 0;
  double charged_ns = 0;
};
// Records of the target were lost after the item's time and until to_ns, by the kernel or on the way.
struct Loss {
  std::uint64_t to_ns = 0, count = 0;
};
// Ticks of the target were dropped here, on the way to this reader: those behind mean nothing until one
// begins a stretch.
struct SamplesLost {
  std::uint64_t count = 0;
};
// No tick about that comes for a while: the stretch ended with the last one.
struct SamplingEnded {
  SampledWhat what = SampledWhat::kGoroutines;
};
// Of every target all from before the item's time has been told, but for stragglers. The target is 0.
struct Advanced {};

struct Item {
  TargetId target = 0;
  std::uint64_t at_ns = 0;
  // A snapshot's stacks stand before it as StackDefined; it holds as of its counts.end_ns, each goroutine of
  // it at its own read_at_ns.
  std::variant<Advanced, TargetBegun, Records, StackDefined, FunctionDescribed, ValueDefined, Snapshot,
               SeenObjects, CountersRead, GroupChanged, CostCharged, Loss, SampleClasses, SampleTick,
               SamplesLost, SamplingEnded, TargetEnded, TargetGone>
      what;
};

struct Batch {
  std::vector<Item> items;
};

// It stands before the record that names it, and so before the others of its run: it says nothing of the
// time.
[[nodiscard]] inline bool is_definition(const Item& item) {
  return std::holds_alternative<StackDefined>(item.what) ||
         std::holds_alternative<FunctionDescribed>(item.what) ||
         std::holds_alternative<ValueDefined>(item.what);
}

// About what it takes in memory.
[[nodiscard]] std::size_t bytes_of(const Item& item);
[[nodiscard]] std::size_t bytes_of(const Batch& batch);

}  // namespace gorotrace
