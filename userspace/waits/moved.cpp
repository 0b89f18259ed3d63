#include "waits/moved.h"

#include <algorithm>
#include <span>
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

  // Those that had moved when their objects were read, or have since: a lock has another holder now.
  [[nodiscard]] std::vector<std::size_t> moved() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < waits_.goroutines.size(); ++i) {
      const bool elsewhere = std::ranges::binary_search(waits_.elsewhere, i);
      if ((waits_.goroutines[i].moved || elsewhere) && replaceable(snapshot_.goroutines[i])) out.push_back(i);
    }
    return out;
  }

  void replace(std::size_t i, const Snapshot& few, const Waits& few_waits, std::size_t at) {
    GoroutineSnapshot& row = snapshot_.goroutines[i];
    GoroutineSnapshot now = few.goroutines[at];
    GoroutineWaits found = few_waits.goroutines[at];
    if (now.goid != row.goid || found.moved || now.stack == StackSet::kNone) return;
    const StackSet::Stack stack = few.stacks[now.stack];
    snapshot_.counts.end_ns = std::max(snapshot_.counts.end_ns, few.counts.end_ns);
    if (row.stack == StackSet::kNone)
      --(running(row) ? snapshot_.counts.running : snapshot_.counts.unvalidated);
    now.index = row.index;
    now.stack = snapshot_.stacks.add(stack.id, stack.pcs, stack.truncated, stack.gap);
    now.retried = true;
    count(row, -1);
    count(now, 1);
    row = now;
    count(waits_.goroutines[i], -1);
    count(found, 1);
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

  template <typename Count>
  static void add(Count& count, int sign) {
    count += static_cast<Count>(sign);
  }
  // However often a goroutine is read again, it is one. sign: 1, or -1 to take it out.
  void count(const GoroutineSnapshot& g, int sign) {
    if (g.stack == StackSet::kNone) return;
    SnapshotCounts& counts = snapshot_.counts;
    add(counts.stacks, sign);
    if (g.unproven) add(counts.unproven, sign);
    if (g.retried && !g.unproven) add(counts.retried, sign);
    if (g.ends_outside) add(counts.end_outside, sign);
  }
  void count(const GoroutineWaits& g, int sign) {
    if (g.moved) {
      add(waits_.moved, sign);
      return;
    }
    for (const WaitObject& object : g.objects)
      add(object.certainty == Certainty::kProven ? waits_.proven : waits_.likely, sign);
    if (g.objects.empty() && !g.on_nothing) add(waits_.not_found, sign);
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

class Again {
 public:
  Again(const GoroutineReader& goroutines, const WaitReader& reader, Snapshot& snapshot, Waits& waits)
      : goroutines_(goroutines),
        reader_(reader),
        snapshot_(snapshot),
        waits_(waits),
        rows_(snapshot, waits) {}

  // A lock's waiters and its holder were read at one moment only when none of them is elsewhere afterwards.
  Status run() {
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<std::size_t> moved = rows_.moved();
      if (moved.empty()) break;
      for (std::size_t first = 0; first < moved.size(); first += kFew) {
        if (monotonic_ns() > deadline_) return {};
        const auto few = std::span(moved).subspan(first, std::min(kFew, moved.size() - first));
        if (auto read = read_few(few); !read) return read;
      }
      leave_out_waiting_holders(snapshot_, waits_);  // whose locks are looked at once more
      if (auto found = reader_.find_holders(snapshot_, waits_); !found) return found;
    }
    return {};
  }

 private:
  Status read_few(std::span<const std::size_t> moved) {
    SeededMap<std::uint64_t, std::size_t> row_of;
    std::vector<std::uint64_t> gs;
    for (const std::size_t row : moved) {
      gs.push_back(snapshot_.goroutines[row].g);
      row_of[gs.back()] = row;
    }
    const auto few = goroutines_.read(gs, StackDepth::kWhole);
    if (!few) return std::unexpected(few.error());
    const auto few_waits = reader_.read(*few);
    if (!few_waits) return std::unexpected(few_waits.error());
    for (std::size_t at = 0; at < few->goroutines.size(); ++at) {
      const auto row = row_of.find(few->goroutines[at].g);
      if (row != row_of.end()) rows_.replace(row->second, *few, *few_waits, at);
    }
    return {};
  }

  const GoroutineReader& goroutines_;
  const WaitReader& reader_;
  Snapshot& snapshot_;
  Waits& waits_;
  Rows rows_;
  const std::uint64_t deadline_ = monotonic_ns() + kMaxDuration;
};

}  // namespace

Status read_moved(const GoroutineReader& goroutines, const WaitReader& reader, Snapshot& snapshot,
                  Waits& waits) {
  auto read = Again(goroutines, reader, snapshot, waits).run();
  if (read) leave_out_waiting_holders(snapshot, waits);
  return read;
}

void leave_out_waiting_holders(const Snapshot& snapshot, Waits& waits) {
  SeededMap<std::uint64_t, std::vector<std::uint64_t>> waiters;  // goids, by object
  SeededMap<std::uint64_t, std::uint32_t> on_semaphore;
  const auto each = [&waits](auto body) {
    for (std::size_t i = 0; i < waits.goroutines.size(); ++i) {
      for (WaitObject& object : waits.goroutines[i].objects) {
        if (auto* wait = std::get_if<SemaphoreWait>(&object.what); wait != nullptr) body(i, *wait);
      }
    }
  };
  each([&](std::size_t i, const SemaphoreWait& wait) {
    waiters[wait.object].push_back(snapshot.goroutines[i].goid);
    ++on_semaphore[wait.semaphore];
  });
  for (auto& [object, goids] : waiters) std::ranges::sort(goids);
  each([&](std::size_t, SemaphoreWait& wait) {
    wait.waiters = on_semaphore[wait.semaphore];
    if (wait.likely_holders.empty()) return;
    const auto waits_for_it = [&waiting = waiters[wait.object]](std::uint64_t goid) {
      return std::ranges::binary_search(waiting, goid);
    };
    if (waits_for_it(wait.likely_holders.front())) {
      wait.likely_holders.clear();
      wait.deferred_holders = wait.holder_candidates = 0;
      wait.holder_search = HolderSearchEnd::kChangedHands;
      return;
    }
    wait.deferred_holders -= static_cast<std::uint32_t>(
        std::ranges::count_if(std::span(wait.likely_holders).first(wait.deferred_holders), waits_for_it));
    wait.holder_candidates -= static_cast<std::uint32_t>(std::erase_if(wait.likely_holders, waits_for_it));
  });
}

}  // namespace gorotrace
