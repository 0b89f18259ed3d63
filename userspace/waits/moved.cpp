#include "waits/moved.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "base/seeded_hash.h"

namespace gorotrace {
namespace {

constexpr std::size_t kFew = 32;
constexpr int kRounds = 4;
constexpr std::uint64_t kMaxDuration = 1'000'000'000;  // ns, of all rounds

class Rows {
 public:
  Rows(Snapshot& snapshot, Waits& waits) : snapshot_(snapshot), waits_(waits) {}

  [[nodiscard]] std::vector<std::size_t> moved() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < waits_.goroutines.size(); ++i) {
      if (waits_.goroutines[i].moved && replaceable(snapshot_.goroutines[i])) out.push_back(i);
    }
    return out;
  }

  void replace(std::size_t i, const Snapshot& few, const Waits& few_waits, std::size_t at) {
    GoroutineSnapshot& row = snapshot_.goroutines[i];
    GoroutineSnapshot now = few.goroutines[at];
    GoroutineWaits found = few_waits.goroutines[at];
    if (now.goid != row.goid || found.moved || now.stack == StackSet::kNone) return;
    const StackSet::Stack stack = few.stacks[now.stack];
    SnapshotCounts& counts = snapshot_.counts;
    if (row.stack != StackSet::kNone) {
      --counts.stacks;
      counts.unproven -= row.unproven ? 1 : 0;
      counts.end_outside -= row.ends_outside ? 1 : 0;
    } else {
      --(running(row) ? counts.running : counts.unvalidated);
    }
    ++counts.stacks;
    ++counts.retried;
    counts.unproven += now.unproven ? 1 : 0;
    counts.end_outside += now.ends_outside ? 1 : 0;
    now.index = row.index;
    now.stack = snapshot_.stacks.add(stack.id, stack.pcs, stack.truncated, stack.gap);
    row = now;
    --waits_.moved;
    for (const WaitObject& object : found.objects)
      ++(object.certainty == Certainty::kProven ? waits_.proven : waits_.likely);
    if (found.objects.empty() && !found.on_nothing) ++waits_.not_found;
    found.labels = labels(few_waits.label_sets[found.labels]);
    waits_.goroutines[i] = std::move(found);
  }

 private:
  static bool running(const GoroutineSnapshot& g) {
    return g.status == GStatus::kRunning || g.status == GStatus::kCopystack;
  }
  // Of one in a system call without a stack the counts do not tell why it has none.
  static bool replaceable(const GoroutineSnapshot& g) {
    return g.stack != StackSet::kNone || g.status != GStatus::kSyscall;
  }

  [[nodiscard]] std::uint32_t labels(const Labels& set) {
    const auto known = std::ranges::find(waits_.label_sets, set);
    if (known == waits_.label_sets.end()) {
      waits_.label_sets.push_back(set);
      return static_cast<std::uint32_t>(waits_.label_sets.size() - 1);
    }
    return static_cast<std::uint32_t>(known - waits_.label_sets.begin());
  }

  Snapshot& snapshot_;
  Waits& waits_;
};

Status read_rounds(const GoroutineReader& goroutines, const WaitReader& reader, Snapshot& snapshot,
                   Waits& waits) {
  Rows rows(snapshot, waits);
  const std::uint64_t deadline = monotonic_ns() + kMaxDuration;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<std::size_t> moved = rows.moved();
    for (std::size_t first = 0; first < moved.size(); first += kFew) {
      if (monotonic_ns() > deadline) return {};
      SeededMap<std::uint64_t, std::size_t> row_of;
      std::vector<std::uint64_t> gs;
      for (std::size_t k = first; k < std::min(first + kFew, moved.size()); ++k) {
        gs.push_back(snapshot.goroutines[moved[k]].g);
        row_of[gs.back()] = moved[k];
      }
      const auto few = goroutines.read(gs, StackDepth::kWhole);
      if (!few) return std::unexpected(few.error());
      const auto few_waits = reader.read(*few);
      if (!few_waits) return std::unexpected(few_waits.error());
      for (std::size_t at = 0; at < few->goroutines.size(); ++at) {
        const auto row = row_of.find(few->goroutines[at].g);
        if (row != row_of.end()) rows.replace(row->second, *few, *few_waits, at);
      }
    }
  }
  return {};
}

}  // namespace

Status read_moved(const GoroutineReader& goroutines, const WaitReader& reader, Snapshot& snapshot,
                  Waits& waits) {
  auto read = read_rounds(goroutines, reader, snapshot, waits);
  if (read) leave_out_waiting_holders(snapshot, waits);
  return read;
}

void leave_out_waiting_holders(const Snapshot& snapshot, Waits& waits) {
  SeededMap<std::uint64_t, std::vector<std::uint64_t>> waiters;  // goids, by object
  for (std::size_t i = 0; i < waits.goroutines.size(); ++i) {
    for (const WaitObject& object : waits.goroutines[i].objects) {
      if (const auto* wait = std::get_if<SemaphoreWait>(&object.what); wait != nullptr)
        waiters[wait->object].push_back(snapshot.goroutines[i].goid);
    }
  }
  for (auto& [object, goids] : waiters) std::ranges::sort(goids);
  for (GoroutineWaits& g : waits.goroutines) {
    for (WaitObject& object : g.objects) {
      auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait == nullptr || wait->likely_holders.empty()) continue;
      const std::vector<std::uint64_t>& waiting = waiters[wait->object];
      wait->holder_candidates -=
          static_cast<std::uint32_t>(std::erase_if(wait->likely_holders, [&](std::uint64_t goid) {
            return std::ranges::binary_search(waiting, goid);
          }));
    }
  }
}

}  // namespace gorotrace
