#include "waits/holders.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/seeded_hash.h"
#include "base/sort_stably.h"
#include "snapshot/stack_base.h"
#include "snapshot/stack_walk.h"
#include "waits/batch.h"
#include "waits/holder_signs.h"
#include "waits/semaphores.h"
#include "waits/waits_now.h"

namespace gorotrace::waits {
namespace {

constexpr std::size_t kShown = 8;                    // goids named; the count is of all
constexpr std::size_t kTogether = 64;                // goroutines whose stacks are read in one call
constexpr int kHolderLooks = 8;                      // at one lock, until what was read is of one moment
constexpr std::uint64_t kMaxSearch = 2'000'000'000;  // ns; then Waits::holders_complete is false

struct Candidate {
  std::size_t row = 0;  // in Snapshot::goroutines
  HeldAddress at;
  GWords words;
};

struct ContendedLock {
  std::uint64_t address = 0;
  SyncKind kind = SyncKind::kMutex;
  SeededSet<std::size_t> waiters;  // rows
  std::vector<Candidate> best;     // of the survey: strongest first, kTogether at most
  std::uint32_t count = 0;         // of all

  void add(const Candidate& candidate) {
    ++count;
    const auto behind =
        std::ranges::find_if(best, [&](const Candidate& c) { return stronger(candidate.at, c.at); });
    best.insert(behind, candidate);
    if (best.size() > kTogether) best.pop_back();
  }
};

// Whether that semaphore is one of the lock: none is larger than these (sync/mutex.go, once.go, rwmutex.go).
bool part_of(const ContendedLock& lock, std::uint64_t semaphore) {
  const std::uint64_t size = lock.kind == SyncKind::kMutex ? 8 : lock.kind == SyncKind::kOnce ? 12 : 24;
  return semaphore >= lock.address && semaphore - lock.address < size;
}

// In the wait, or wherever else it stood, that its row shows: nothing of the row is of the past.
bool as_in_row(const GoroutineSnapshot& row, const GWords& now) {
  const std::uint64_t sp = now.state() == GStatus::kSyscall ? now.syscallsp : now.sched_sp;
  return now.goid == row.goid && now.at_rest() && now.state() == row.status &&
         now.tracking_seq == row.tracking_seq && sp == row.sp && now.wait_reason == row.wait_reason &&
         now.waiting == row.waiting;
}

class HolderSearch {
 public:
  HolderSearch(const Context& context, Waits& waits)
      : context_(context),
        waits_(waits),
        all_(context.snapshot.goroutines),
        window_(g_window(context.config.offsets)),
        deadline_(monotonic_ns() + kMaxSearch),
        batch_(context.memory),
        signs_(context.config),
        now_(context) {}

  Status run() {
    waits_.elsewhere.clear();
    collect();
    if (locks_.empty()) return {};
    bytes_.resize(kTogether * kMaxHolderStack);
    // So few are looked at together, for each lock anew.
    if (all_.size() > kTogether) {
      if (auto surveyed = survey(); !surveyed) return surveyed;
    }
    std::vector<ContendedLock*> order;
    for (auto& [address, lock] : locks_) order.push_back(&lock);
    sort_stably(order, std::ranges::greater{},
                [](const ContendedLock* lock) { return lock->waiters.size(); });
    for (ContendedLock* lock : order) {
      if (auto settled = settle(*lock); !settled) return settled;
    }
    std::ranges::sort(waits_.elsewhere);
    const auto again = std::ranges::unique(waits_.elsewhere);
    waits_.elsewhere.erase(again.begin(), again.end());
    return {};
  }

 private:
  struct Look {
    std::vector<Candidate> found;  // strongest first
    SemaphoreWait lock;            // its state
    bool held = true;
    bool disturbed = false;  // one that has the address moved on between: it may hold the lock now
    [[nodiscard]] bool sure() const {
      return !disturbed || (!found.empty() && found.front().at.sign == Sign::kDeferred);
    }
  };

  template <typename Body>
  void each_wait(std::size_t row, const ContendedLock& lock, Body body) {
    for (WaitObject& object : waits_.goroutines[row].objects) {
      auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait != nullptr && is_lock(wait->kind) && wait->object == lock.address) body(*wait);
    }
  }

  void collect() {
    SeededSet<std::uint64_t> open;
    for (std::size_t row = 0; row < all_.size(); ++row) {
      for (const WaitObject& object : waits_.goroutines[row].objects) {
        const auto* wait = std::get_if<SemaphoreWait>(&object.what);
        if (wait == nullptr || !is_lock(wait->kind)) continue;
        ContendedLock& lock = locks_[wait->object];
        lock.address = wait->object;
        lock.kind = wait->kind;
        lock.waiters.insert(row);
        if (wait->holder_search != HolderSearchEnd::kDone) open.insert(wait->object);
      }
    }
    std::erase_if(locks_, [&](const auto& lock) { return !open.contains(lock.first); });
    for (const auto& [address, lock] : locks_) addresses_.add(address);
  }

  // The semaphore that it waits for, of one that is as in its row without another read.
  std::uint64_t semaphore(std::size_t row, const GWords& words) {
    if (as_in_row(all_[row], words)) {
      for (const WaitObject& object : waits_.goroutines[row].objects) {
        if (const auto* wait = std::get_if<SemaphoreWait>(&object.what)) return wait->semaphore;
      }
    }
    return now_.semaphore(all_[row].g, words);
  }

  // `stack`: what searched_stack() names. Of one that runs they are not known.
  [[nodiscard]] std::span<const std::uint64_t> frames_of(const Candidate& c, Bytes stack) {
    if (as_in_row(all_[c.row], c.words)) return context_.snapshot.pcs(all_[c.row]);
    if (!c.words.at_rest()) return {};
    const auto base = stack_base(c.words, context_.config.offsets, false);
    if (!base || stack.empty()) return {};
    walk_frame_pointers({.base = base->sp, .bytes = stack, .hi = c.words.stack_hi}, Code({}, &code_at_),
                        base->pc, base->fp, nullptr, walked_);
    return walked_.pcs;
  }

  // Every goroutine of the snapshot, as it is now: a holder goes on working, and so it moves.
  Status survey() {
    for (std::size_t at = 0; at < all_.size(); at += kTogether) {
      if (monotonic_ns() > deadline_) {
        waits_.holders_complete = false;
        break;
      }
      std::vector<Candidate> chunk;
      for (std::size_t row = at; row < std::min(at + kTogether, all_.size()); ++row)
        chunk.push_back({row, {}, {}});
      if (!read_words(chunk)) return gone();
      std::vector<Memory::Range> ranges;
      want_stacks(chunk, ranges);
      if (!context_.memory.read_many(ranges, failed_)) return gone();
      now_.forget();
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        if (failed_[i]) continue;
        const auto found =
            signs_.on_stack(ranges[i].out, addresses_, [&] { return frames_of(chunk[i], ranges[i].out); });
        if (found.empty()) continue;
        const std::uint64_t waits_for = semaphore(chunk[i].row, chunk[i].words);
        for (const auto& [address, held] : found) {
          ContendedLock& lock = locks_.find(address)->second;
          if (!part_of(lock, waits_for)) lock.add({chunk[i].row, held, chunk[i].words});
        }
      }
    }
    return {};
  }

  // Their words as they are now; those that have ended are left out. False: the process is gone.
  bool read_words(std::vector<Candidate>& of) {
    const bool alive = in_parts(of.size(), kPart, [&](std::size_t first, std::size_t count) {
      const auto g = [&](std::size_t i) { return all_[of[first + i].row].g; };
      if (!batch_.read(count, g, window_)) return false;
      for (std::size_t i = 0; i < count; ++i)
        of[first + i].words =
            batch_.at(i).empty() ? GWords{} : pick_words(batch_.at(i), context_.config.offsets);
      return true;
    });
    // The runtime gives the g of a goroutine that ended to another one.
    std::erase_if(of,
                  [&](const Candidate& c) { return c.words.goid != all_[c.row].goid || !c.words.alive(); });
    return alive;
  }

  void want_stacks(std::span<const Candidate> of, std::vector<Memory::Range>& ranges) {
    for (std::size_t i = 0; i < of.size(); ++i) {
      const auto [begin, size] = searched_stack(of[i].words);
      ranges.push_back({begin, std::span(bytes_).subspan(i * kMaxHolderStack, size)});
    }
  }

  // Those that may hold it, as they are now: all of few; of many those that the survey found and those that
  // waited for it, for one of them has it next. Who waits for it still is none, and stands in `waiting`.
  // False: the process is gone.
  bool may_hold(const ContendedLock& lock, std::vector<Candidate>& out, std::vector<Candidate>& waiting) {
    SeededSet<std::size_t> known;
    const auto add = [&](std::size_t row) {
      if (known.insert(row).second) out.push_back({row, {}, {}});
    };
    if (all_.size() <= kTogether) {
      for (std::size_t row = 0; row < all_.size(); ++row) add(row);
    } else {
      for (const Candidate& c : lock.best) add(c.row);
      for (const std::size_t row : lock.waiters) add(row);
    }
    const bool many = out.size() > kTogether;
    if (!read_words(out)) return false;
    std::erase_if(out, [&](const Candidate& c) {
      const bool waits = lock.waiters.contains(c.row) && as_in_row(all_[c.row], c.words);
      if (waits) waiting.push_back(c);
      return waits;
    });
    if (out.size() > kTogether) out.resize(kTogether);
    return !many || read_words(out);  // that took long
  }

  // Nothing: the process is gone.
  std::optional<Look> look_at(const ContendedLock& lock) {
    std::vector<Candidate> members, waiting;
    if (!may_hold(lock, members, waiting)) return std::nullopt;
    // One call reads in this order: the lock, stacks, goroutines, the lock.
    std::vector<std::uint8_t> before(kSyncStateBytes), after(kSyncStateBytes),
        again(members.size() * window_);
    std::vector<Memory::Range> ranges{{lock.address, before}};
    want_stacks(members, ranges);
    for (std::size_t i = 0; i < members.size(); ++i)
      ranges.push_back({all_[members[i].row].g, std::span(again).subspan(i * window_, window_)});
    ranges.push_back({lock.address, after});
    if (!context_.memory.read_many(ranges, failed_)) return std::nullopt;
    const std::vector<bool> failed = failed_;
    Look out;
    // Whoever waited when the members were chosen and does not now may have it: it was handed on.
    const std::size_t waited = waiting.size();
    if (!read_words(waiting)) return std::nullopt;
    out.disturbed = waiting.size() != waited || !std::ranges::all_of(waiting, [&](const Candidate& c) {
                      return as_in_row(all_[c.row], c.words);
                    });
    out.lock.kind = lock.kind;
    if (!failed.front() && !failed.back()) {
      set_sync_state(out.lock, before);
      out.held = is_held(out.lock);
      set_sync_state(out.lock, after);
      out.held = out.held && is_held(out.lock);
    }
    LockSet one;
    one.add(lock.address);
    now_.forget();
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::size_t stack_at = 1 + i, words_at = 1 + members.size() + i;
      if (failed[stack_at] || failed[words_at]) {
        out.disturbed = true;
        continue;
      }
      Candidate& c = members[i];
      const auto found =
          signs_.on_stack(ranges[stack_at].out, one, [&] { return frames_of(c, ranges[stack_at].out); });
      if (found.empty()) continue;
      c.at = found.begin()->second;
      if (!unmoved(c.words, pick_words(ranges[words_at].out, context_.config.offsets))) {
        out.disturbed = true;
      } else if (now_.on_semaphore(c.words)) {
        const std::uint64_t waits_for = semaphore(c.row, c.words);
        if (waits_for == 0) out.disturbed = true;
        if (waits_for != 0 && !part_of(lock, waits_for)) out.found.push_back(c);
      } else if (!gave_it_to_wait(lock, c)) {
        out.found.push_back(c);
      }
    }
    sort_stably(out.found, [](const Candidate& a, const Candidate& b) { return stronger(a.at, b.at); });
    return out;
  }

  // sync.Cond.Wait has unlocked L, and locks it before it returns: sync/cond.go, L is an interface at 0.
  bool gave_it_to_wait(const ContendedLock& lock, const Candidate& c) const {
    if (!as_in_row(all_[c.row], c.words)) return false;
    for (const WaitObject& object : waits_.goroutines[c.row].objects) {
      const auto* wait = std::get_if<CondWait>(&object.what);
      if (wait != nullptr && context_.memory.value<std::uint64_t>(wait->cond + 8) == lock.address)
        return true;
    }
    return false;
  }

  Status settle(const ContendedLock& lock) {
    for (const std::size_t row : lock.waiters) {
      each_wait(row, lock, [](SemaphoreWait& wait) {
        wait.likely_holders.clear();
        wait.deferred_holders = wait.holder_candidates = 0;
        wait.holder_search = HolderSearchEnd::kCutShort;
      });
    }
    std::optional<Look> look;
    for (int n = 0; n < kHolderLooks; ++n) {
      if (monotonic_ns() > deadline_) {
        waits_.holders_complete = false;
        return {};
      }
      look = look_at(lock);
      if (!look) return gone();
      if (look->held && look->sure()) break;
    }
    return tell(lock, *look);
  }

  // A waiter that is not where it was may have waited for it at another time only: another goroutine held it.
  Status tell(const ContendedLock& lock, const Look& look) {
    std::vector<Candidate> waiters;
    for (const std::size_t row : lock.waiters) waiters.push_back({row, {}, {}});
    if (!read_words(waiters)) return gone();
    SeededSet<std::size_t> still;
    for (const Candidate& c : waiters) {
      if (as_in_row(all_[c.row], c.words)) still.insert(c.row);
    }
    std::vector<std::uint64_t> named;
    std::uint32_t deferred = 0;
    if (look.held) {
      for (const Candidate& c : std::span(look.found).first(std::min(kShown, look.found.size()))) {
        named.push_back(all_[c.row].goid);
        if (c.at.sign == Sign::kDeferred) ++deferred;
        if (!as_in_row(all_[c.row], c.words)) waits_.elsewhere.push_back(c.row);
      }
    }
    const std::size_t others = lock.count - lock.best.size();  // that the survey found, and nobody looked at
    for (const std::size_t row : lock.waiters) {
      const bool valid = still.contains(row) && (look.sure() || !look.held);
      if (!still.contains(row)) waits_.elsewhere.push_back(row);
      each_wait(row, lock, [&](SemaphoreWait& wait) {
        wait.holder_search = valid ? HolderSearchEnd::kDone : HolderSearchEnd::kChangedHands;
        if (!valid) return;
        wait.likely_holders = named;
        wait.deferred_holders = deferred;
        wait.holder_candidates = look.held ? static_cast<std::uint32_t>(look.found.size() + others) : 0;
        if (look.lock.state.index() != 0) wait.state = look.lock.state;
      });
    }
    return {};
  }

  const Context& context_;
  Waits& waits_;
  const std::span<const GoroutineSnapshot> all_;
  const std::size_t window_;  // bytes of a g
  const std::uint64_t deadline_;
  Batch batch_;
  HolderSigns signs_;
  WaitsNow now_;
  std::map<std::uint64_t, ContendedLock> locks_;  // by address
  LockSet addresses_;
  std::vector<std::uint8_t> bytes_;  // of kTogether stacks
  std::vector<bool> failed_;
  const Code::Elsewhere code_at_ = [this](std::uint64_t pc) {
    const Modules* modules = context_.config.modules.get();
    return modules != nullptr && modules->at(pc) != nullptr ? CodeKind::kGo : CodeKind::kNoCode;
  };
  WalkedStack walked_;
};

}  // namespace

Status find_holders(const Context& context, Waits& waits) {
  return HolderSearch(context, waits).run();
}

}  // namespace gorotrace::waits
