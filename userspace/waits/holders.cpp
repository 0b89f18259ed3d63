#include "waits/holders.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/seeded_hash.h"
#include "waits/batch.h"
#include "waits/semtable.h"
#include "waits/sudog.h"

namespace gorotrace::waits {
namespace {

constexpr std::size_t kShown = 8;                   // goids named; the count is of all
constexpr std::uint64_t kMaxStack = 64 * 1024;      // bytes of one stack, from its top end
constexpr std::uint64_t kRunningStack = 16 * 1024;  // of a running one, whose SP nobody knows, from its base
constexpr std::uint64_t kMaxDuration = 2'000'000'000;  // ns; then Waits::holders_complete is false
constexpr std::size_t kStacks = 64;                    // a call

// What speaks for a goroutine, beside the address on its stack; more is more.
enum class Sign : std::uint8_t {
  kNone,      // whoever made the mutex, used it or will has it, too
  kArgument,  // it is in a function that was called with it as its first argument: a method of what it is in
  kDeferred,  // it has a deferred call with it before it: `defer mu.Unlock()`
};

struct Candidate {
  std::uint64_t goid = 0;
  Sign sign = Sign::kNone;
  std::uint64_t depth = 0;  // bytes from SP
};

bool stronger(const Candidate& a, const Candidate& b) {
  return a.sign != b.sign ? a.sign > b.sign : a.depth < b.depth;
}

struct Lock {
  SyncKind kind = SyncKind::kMutex;
  SeededSet<std::uint64_t> waiters;  // goids: they have the address because they wait
  std::vector<Candidate> best;       // strongest first
  std::uint32_t count = 0;           // of all

  void add(const Candidate& candidate) {
    ++count;
    const auto behind =
        std::ranges::find_if(best, [&](const Candidate& c) { return stronger(candidate, c); });
    best.insert(behind, candidate);
    if (best.size() > kShown) best.pop_back();
  }
};
using Locks = SeededMap<std::uint64_t, Lock>;  // by address

// Whether that semaphore is one of a lock at that address: none is larger than these (sync/mutex.go, once.go,
// rwmutex.go).
bool part_of(SyncKind kind, std::uint64_t object, std::uint64_t semaphore) {
  const std::uint64_t size = kind == SyncKind::kMutex ? 8 : kind == SyncKind::kOnce ? 12 : 24;
  return semaphore >= object && semaphore - object < size;
}

bool is_lock(const SemaphoreWait& wait) {
  return wait.kind == SyncKind::kMutex || wait.kind == SyncKind::kOnce ||
         wait.kind == SyncKind::kRWMutexRead || wait.kind == SyncKind::kRWMutexWrite;
}

std::pair<std::uint64_t, std::uint64_t> stack_of(const GWords& g) {
  if (g.stack_hi <= g.stack_lo) return {0, 0};
  const std::uint64_t sp = g.state() == GStatus::kSyscall ? g.syscallsp : g.sched_sp;
  if (g.at_rest() && sp >= g.stack_lo && sp < g.stack_hi) return {sp, std::min(kMaxStack, g.stack_hi - sp)};
  const std::uint64_t size = std::min(kRunningStack, g.stack_hi - g.stack_lo);
  return {g.stack_hi - size, size};
}

// Where a word stands tells what it is to its goroutine.
class Signs {
 public:
  explicit Signs(const WaitReader::Config& config) : config_(config) {}

  // below, second: the words below it on the stack, the nearer one first.
  [[nodiscard]] Sign of(std::uint64_t below, std::uint64_t second) {
    // Of an interface the closure has the type and then the value.
    return of(second) == Sign::kDeferred ? Sign::kDeferred : of(below);
  }

 private:
  [[nodiscard]] Sign of(std::uint64_t before) {
    if (config_.modules == nullptr) return Sign::kNone;
    const auto [known, fresh] = known_.try_emplace(before, Sign::kNone);
    if (fresh) known->second = look_up(before);
    return known->second;
  }

  // cmd/compile makes a closure of a deferred call, in the frame: its code, then what it is called with
  // (escape/call.go; its name: ir/func.go closureName). A register argument that outlives a call is kept
  // beyond the return address (cmd/compile/abi-internal.md, the spill space; on arm64 behind the caller's
  // saved link register, which is one as well).
  [[nodiscard]] Sign look_up(std::uint64_t pc) const {
    const auto function = config_.modules->function_at(pc);
    if (!function) return Sign::kNone;
    if (pc != function->entry) return Sign::kArgument;
    return function->name.find(".deferwrap") != std::string::npos ? Sign::kDeferred : Sign::kNone;
  }

  const WaitReader::Config& config_;
  SeededMap<std::uint64_t, Sign> known_;
};

// The semaphores that goroutines wait on now: they may have begun since they were looked at.
class WaitsNow {
 public:
  explicit WaitsNow(const Context& context)
      : context_(context), reasons_(classify_reasons(context.config.wait_reasons)) {}

  // 0: none, or not known.
  [[nodiscard]] std::uint64_t semaphore(std::uint64_t g, const GWords& words) {
    if (words.state() != GStatus::kWaiting || words.wait_reason >= reasons_.size() ||
        !is_semaphore(reasons_[words.wait_reason]))
      return 0;
    const RuntimeOffsets& o = context_.config.offsets;
    if (o.sudog_elem_vu != kAbsent) {
      std::vector<std::uint8_t> bytes(sudog_window(o));
      if (words.waiting == 0 || !context_.memory.read(words.waiting, bytes)) return 0;
      const Sudog s = pick_sudog(bytes, o);
      return s.g == g && s.channel == 0 ? s.elem : 0;
    }
    if (!table_) {
      auto table = read_semtable(context_);
      table_ = table ? std::move(*table) : Semtable{};
    }
    const auto at = table_->of_g.find(g);
    return at != table_->of_g.end() ? at->second.semaphore : 0;
  }
  // What was read is of the past.
  void forget() { table_.reset(); }

 private:
  static bool is_semaphore(Reason reason) {
    return reason == Reason::kSemaphore || reason == Reason::kMutex || reason == Reason::kRWMutexRead ||
           reason == Reason::kRWMutexWrite;
  }

  const Context& context_;
  const std::vector<Reason> reasons_;
  std::optional<Semtable> table_;
};

// The locks on one stack, each where most speaks for it. at_rest: what lies there is live.
std::map<std::uint64_t, Candidate> locks_on(Bytes stack, const Locks& locks, std::uint64_t goid, bool at_rest,
                                            Signs& signs, std::uint64_t lowest, std::uint64_t highest) {
  std::map<std::uint64_t, Candidate> out;
  std::uint64_t below = 0, second = 0;
  for (std::size_t at = 0; at + 8 <= stack.size(); at += 8) {
    const std::uint64_t word = load<std::uint64_t>(stack, at).value_or(0);
    if (word >= lowest && word <= highest && locks.contains(word)) {
      // Of one that runs, frames that it has left are read, too.
      const Sign most = at_rest ? Sign::kDeferred : Sign::kArgument;
      const Candidate found{goid, std::min(signs.of(below, second), most), at};
      const auto [best, fresh] = out.try_emplace(word, found);
      if (!fresh && stronger(found, best->second)) best->second = found;
    }
    second = below;
    below = word;
  }
  return out;
}

}  // namespace

Status find_holders(const Context& context, std::span<Waiter> waiters, Waits& out) {
  Locks locks;
  SeededSet<std::uint64_t> placed;  // goids of whom it is known for which lock they wait
  std::uint64_t lowest = ~0ull, highest = 0;
  for (const Waiter& w : waiters) {
    for (const WaitObject& object : w.objects) {
      const auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait == nullptr || !is_lock(*wait)) continue;
      Lock& lock = locks[wait->object];
      lock.kind = wait->kind;
      lock.waiters.insert(w.words.goid);
      placed.insert(w.words.goid);
      lowest = std::min(lowest, wait->object);
      highest = std::max(highest, wait->object);
    }
  }
  if (locks.empty() || context.config.find != WaitReader::Find::kHolders) return {};
  const std::uint64_t deadline = monotonic_ns() + kMaxDuration;
  std::vector<std::uint8_t> bytes(kStacks * kMaxStack);
  std::vector<Memory::Range> ranges;
  std::vector<bool> failed;
  std::vector<GWords> now;
  Batch batch(context.memory);
  const std::size_t window = g_window(context.config.offsets);
  Signs signs(context.config);
  WaitsNow waits_now(context);
  // Every goroutine of the snapshot, as it is now: a holder goes on working, and so it moves.
  const std::span<const GoroutineSnapshot> all(context.snapshot.goroutines);
  for (std::size_t at = 0; at < all.size(); at += kStacks) {
    if (monotonic_ns() > deadline) {
      out.holders_complete = false;
      break;
    }
    const auto chunk = all.subspan(at, std::min(kStacks, all.size() - at));
    if (!batch.read(chunk.size(), [&](std::size_t i) { return chunk[i].g; }, window)) return gone();
    ranges.clear();
    now.clear();
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const GWords& words = now.emplace_back(pick_words(batch.at(i), context.config.offsets));
      // The runtime gives the g of a goroutine that ended to another one.
      const bool same = !batch.at(i).empty() && words.goid == chunk[i].goid;
      const auto [begin, size] = same ? stack_of(words) : std::pair<std::uint64_t, std::uint64_t>{0, 0};
      ranges.push_back({begin, std::span(bytes).subspan(i * kMaxStack, size)});
    }
    if (!context.memory.read_many(ranges, failed)) return gone();
    waits_now.forget();
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      if (failed[i]) continue;
      const std::uint64_t goid = chunk[i].goid;
      const auto found = locks_on(ranges[i].out, locks, goid, now[i].at_rest(), signs, lowest, highest);
      if (found.empty()) continue;
      const std::uint64_t semaphore = placed.contains(goid) ? 0 : waits_now.semaphore(chunk[i].g, now[i]);
      for (const auto& [address, candidate] : found) {
        Lock& lock = locks.find(address)->second;
        if (!lock.waiters.contains(goid) && !part_of(lock.kind, address, semaphore)) lock.add(candidate);
      }
    }
  }
  for (Waiter& w : waiters) {
    for (WaitObject& object : w.objects) {
      auto* wait = std::get_if<SemaphoreWait>(&object.what);
      if (wait == nullptr || !is_lock(*wait)) continue;
      const Lock& found = locks[wait->object];
      wait->likely_holders.clear();
      for (const Candidate& c : found.best) wait->likely_holders.push_back(c.goid);
      wait->holder_candidates = found.count;
      wait->holders_searched = out.holders_complete;
    }
  }
  return {};
}

}  // namespace gorotrace::waits
