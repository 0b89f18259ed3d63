// How far each table of a summary may be trusted: which engine filled it, what part of the window it saw, and
// whether the runtime's own counters agree. Shared by text and JSON so that both say the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evidence/facts.h"
#include "evidence/interval.h"
#include "evidence/quality.h"

namespace gorotrace {

enum class TableKind {
  kGoroutineSeconds,
  kGoroutines,
  kBlocking,
  kSyscallSites,
  kCreation,
  kObjects,
  kChannels,    // rows of kObjects
  kSemaphores,  // likewise
  kLatency,
  kPanics,
  kPauses
};

struct TableTrust {
  Engine engine = Engine::kSnapshot;
  Quality quality = Quality::kLowerBound;
  std::vector<Interval> covered;  // within the window, ascending, disjoint
  std::uint64_t covered_ns = 0;
  // Beside a table of the probes: when sampling stood in for them.
  std::vector<Interval> covered_by_sampling;
  [[nodiscard]] bool probed() const { return engine == Engine::kProbes; }
};
// A table needs every group of its mask at once; no group of them ever on = filled from memory alone: by the
// sampling where it ran, else by what the snapshots show.
[[nodiscard]] TableTrust table_trust(TableKind kind, const StatFacts& facts, const Tables& tables);

// The latencies that the latency table shows: the probes', or, where these saw none of the window, those that
// the runtime timed; nullptr: nobody did.
[[nodiscard]] const Histogram* latencies(const StatFacts& facts, const Tables& tables);

// Whether the times in which the world stood still are known where latencies are: some of them at least.
[[nodiscard]] bool knows_pauses(const StatFacts& facts, const Tables& tables);

// Whether there is a figure of a state: of running and runnable where something told the two apart (the run
// group, or memory while the block group was off), of running_or_runnable where nothing did. 0 is a figure.
[[nodiscard]] bool has_figure(GState state, const StatFacts& facts, const Tables& tables);

// Rows that were folded into one, events and rows whose stack is not known: where there are any, a table that
// shows stacks is not exact.
[[nodiscard]] std::uint64_t stacks_lacking(const Tables& tables);

// Counters against probes. kUnsettled: the words moved while they were read and lie outside the bounds, which
// proves nothing.
enum class Verdict { kAgree, kDisagree, kUnsettled };
template <>
inline constexpr auto kEnumNames<Verdict> = enum_names<Verdict>({
    {Verdict::kAgree, "agree"},
    {Verdict::kDisagree, "disagree"},
    {Verdict::kUnsettled, "unsettled"},
});
struct CrossCheckFigure {
  std::int64_t counters = 0;        // growth between the two readings
  std::uint64_t low = 0, high = 0;  // the probes' bounds of the same stretch
  Verdict verdict = Verdict::kAgree;
};
struct CrossCheckVerdict {
  CrossCheckFigure created, exited;
};
[[nodiscard]] CrossCheckVerdict judge(const CrossCheck& cross_check);

// live at end - (live at start + created - exited - change in system), in the model's own figures; 0 when it
// holds, nullopt when it cannot be said (no sampling at the start, lifecycle not on throughout).
[[nodiscard]] std::optional<std::int64_t> live_discrepancy(const StatFacts& facts, const Tables& tables);

// Calls of entersyscall in the window.
struct SyscallCount {
  std::optional<std::uint64_t> count;
  Engine source = Engine::kCounters;
};
[[nodiscard]] SyscallCount syscall_count(const StatFacts& facts, const Tables& tables);

// created / exited of the window: by probes that saw all of it, else by the runtime's counters, which go on
// when the probes go; else what the probes saw while they were on. Absent when nobody saw any, and the
// counters were not read twice: a target that ended before the second reading, or a machine on which no
// reading came in time.
struct CreatedExited {
  std::optional<std::uint64_t> created, exited;
  Engine engine = Engine::kProbes;
  std::vector<Interval> covered = {};
  bool partial = false;  // of a part of the window: covered
  [[nodiscard]] std::uint64_t covered_ns() const;
};
[[nodiscard]] CreatedExited created_exited(const StatFacts& facts, const Tables& tables);

// Rows of a summary in the order both outputs show them; runtime-internal ones only when asked for.
[[nodiscard]] std::vector<const BlockingRow*> blocking_rows(const Tables& tables, bool system);
[[nodiscard]] std::vector<const CreationRow*> creation_rows(const Tables& tables, bool system);
[[nodiscard]] std::vector<const ObjectRow*> object_rows(const Tables& tables);
// Whose figures a row of the blocking table holds, in a table of that trust.
[[nodiscard]] TableTrust row_trust(const BlockingRow& row, const TableTrust& table);
// How many waits a row stands for, and how long they took in the mean: of the whole window where it was
// estimated, of what the probes saw otherwise; nullopt: of none is anything known.
[[nodiscard]] std::optional<std::uint64_t> waits_of(const BlockingRow& row);
[[nodiscard]] std::optional<std::uint64_t> mean_wait_ns(const BlockingRow& row);
// Of BlockingRow::begun.
[[nodiscard]] Quality quality_of(const EstimatedCount& count);
// What was seen of the objects: with chan or sync on, block looks at which channel a wait is on; which
// semaphore only sync tells, and the operations on either only chan and sync.
struct ObjectCoverage {
  struct Kind {
    TableTrust trust;
    bool waits = false, operations = false;
  };
  Kind channels, semaphores;
};
[[nodiscard]] ObjectCoverage object_coverage(const StatFacts& facts, const Tables& tables);
// A figure whose groups were never on is absent, not 0.
struct ObjectFigures {
  std::optional<std::uint64_t> waits, in_window_ns, blocked_now;
  std::optional<std::uint64_t> selects, sends, receives, closes, would_block;  // of a channel
  std::optional<std::uint64_t> acquires, releases;                             // of a semaphore
};
[[nodiscard]] ObjectFigures object_figures(const ObjectRow& row, const ObjectCoverage& coverage);
[[nodiscard]] std::string reason_name(const BlockingRow& row, const StatFacts& facts);

}  // namespace gorotrace
