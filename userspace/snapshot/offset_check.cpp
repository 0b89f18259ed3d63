// GoroutineReader::check_offsets: do the offsets describe this live process? A wrong one must be refused by
// name, a right one must pass while the goroutines move: only words that stood still between two looks are
// judged.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/clock.h"
#include "base/seeded_hash.h"
#include "snapshot/allgs.h"
#include "snapshot/g_words.h"
#include "snapshot/goroutines.h"
#include "snapshot/other_code.h"
#include "snapshot/stack_walk.h"

namespace gorotrace {
namespace {

constexpr std::size_t kGoroutines = 256;
constexpr int kRounds = 4;
constexpr std::uint64_t kMaxGoid = 1ull << 48;
constexpr std::uint64_t kMaxStack = 1ull << 30;  // runtime/proc.go main: maxstacksize on 64 bits
constexpr std::uint64_t kMinStack = 2048;        // runtime/stack.go stackMin
// Goids are handed to Ms in batches of 16 a P (proc.go goidCacheBatch): a parent's may exceed its child's by
// that.
constexpr std::uint64_t kGoidSlack = 16 * 4096;
constexpr std::uint8_t kMaxReason = 64;

struct Refusal {
  std::string_view field;
  std::uint16_t offset;
  std::string why;
};

class Check {
 public:
  Check(const Memory& memory, const GoroutineReader::Config& config)
      : memory_(memory),
        config_(config),
        o_(config.offsets),
        window_(g_window(config.offsets)),
        other_code_(config.plugin_code, config.other_code) {}

  std::optional<Refusal> round(const std::vector<std::uint64_t>& pointers) {
    SeededSet<std::uint64_t> goids, reasons;
    std::size_t seen = 0, waiting = 0, with_sp = 0, with_syscallsp = 0, on_thread = 0, thread_agrees = 0;
    std::size_t alive = 0, starts_in_code = 0, created_in_code = 0;
    for (const std::uint64_t g : pointers) {
      const auto bytes = still_bytes(g);
      if (!bytes) continue;
      ++seen;
      const GWords w = pick_words(*bytes, o_);
      if (auto r = status(w)) return r;
      if (!w.alive()) continue;
      ++alive;
      if (auto r = bools_behind_reason(*bytes)) return r;
      if (auto r = identity(w, goids)) return r;
      if (auto r = stack_bounds(w)) return r;
      if (is_code(w.startpc)) ++starts_in_code;
      if (is_code(w.gopc)) ++created_in_code;
      if (w.state() == GStatus::kWaiting) {
        ++waiting;
        if (w.wait_reason >= kMaxReason) {
          return Refusal{"runtime.g.waitreason", o_.g_waitreason,
                         fmt::format("goroutine {} waits for reason {}", w.goid, w.wait_reason)};
        }
        if (w.wait_reason != 0) reasons.insert(w.wait_reason);
        if (w.sched_sp != 0) ++with_sp;
        if (w.syscallsp != 0) ++with_syscallsp;
        if (auto r = parked(w)) return r;
      }
      if (w.state() == GStatus::kSyscall) {
        if (auto r = in_syscall(w)) return r;
      }
      if (w.state() == GStatus::kRunning || w.state() == GStatus::kSyscall) {
        const auto agrees = thread_of(g, w);
        if (!agrees) continue;
        ++on_thread;
        if (*agrees) ++thread_agrees;
      }
    }
    if (seen == 0 || alive == 0) {
      return Refusal{"runtime.g.atomicstatus", o_.g_atomicstatus, "none of the first goroutines is alive"};
    }
    // Of the runtime's own, the forced GC helper, the sweeper and the scavenger (proc.go main, mgc.go
    // gcenable) wait each for a reason of its own.
    if (waiting > 2 && reasons.size() < 2) {
      return Refusal{"runtime.g.waitreason", o_.g_waitreason,
                     "the waiting goroutines do not differ in their reasons"};
    }
    if (waiting > 0 && with_sp == 0) {
      return Refusal{"runtime.g.sched.sp", o_.g_sched_sp, "no waiting goroutine has a stack pointer"};
    }
    // exitsyscall zeroes it (runtime/proc.go): whoever waits is not in a syscall.
    if (2 * with_syscallsp > waiting) {
      return Refusal{"runtime.g.syscallsp", o_.g_syscallsp, "most waiting goroutines would be in a syscall"};
    }
    if (on_thread > 0 && thread_agrees == 0) {
      return Refusal{"runtime.m.curg", o_.m_curg,
                     "no thread that runs a goroutine names it (or runtime.g.m is wrong)"};
    }
    // Not all: a C thread's goroutine has none.
    if (2 * starts_in_code < alive) {
      return Refusal{"runtime.g.startpc", o_.g_startpc, "most start functions lie outside of all code"};
    }
    if (2 * created_in_code < alive) {
      return Refusal{"runtime.g.gopc", o_.g_gopc, "most go statements lie outside of all code"};
    }
    return std::nullopt;
  }

 private:
  // Plugins and code made at run time are code, too.
  [[nodiscard]] bool is_code(std::uint64_t pc) {
    return (pc >= config_.text && pc < config_.etext) || other_code_.kind(pc) != CodeKind::kNoCode;
  }

  [[nodiscard]] std::optional<std::vector<std::uint8_t>> still_bytes(std::uint64_t g) const {
    std::vector<std::uint8_t> a(window_), b(window_);
    if (!memory_.read(g, a) || !memory_.read(g, b) || a != b) return std::nullopt;
    return a;
  }

  // preempt, preemptStop and preemptShrink follow g.waitreason in every version (runtime2.go, 1.18-1.27):
  // times and pointers beside it do not look like that, whatever their lowest byte.
  [[nodiscard]] std::optional<Refusal> bools_behind_reason(Bytes g) const {
    const Bytes bools = g.subspan(o_.g_waitreason + 1u, 3);  // g_window() goes on for 7
    if (std::ranges::all_of(bools, [](std::uint8_t b) { return b <= 1; })) return std::nullopt;
    return Refusal{"runtime.g.waitreason", o_.g_waitreason, "no booleans follow it"};
  }

  [[nodiscard]] std::optional<Refusal> status(const GWords& w) const {
    if (w.alive() || w.state() == GStatus::kIdle || w.state() == GStatus::kDead ||
        w.state() == GStatus::kDeadExtra) {
      return std::nullopt;
    }
    return Refusal{"runtime.g.atomicstatus", o_.g_atomicstatus,
                   fmt::format("{} is no goroutine status", w.status)};
  }

  std::optional<Refusal> identity(const GWords& w, SeededSet<std::uint64_t>& goids) const {
    if (w.goid == 0 || w.goid >= kMaxGoid || !goids.insert(w.goid).second) {
      return Refusal{"runtime.g.goid", o_.g_goid,
                     fmt::format("{} is no goroutine id, or two goroutines have it", w.goid)};
    }
    if (o_.g_parentGoid != kAbsent && w.parent_goid > w.goid + kGoidSlack) {
      return Refusal{"runtime.g.parentGoid", o_.g_parentGoid,
                     fmt::format("goroutine {} would be a child of {}", w.goid, w.parent_goid)};
    }
    const auto since = memory_.clock().to_monotonic(static_cast<std::int64_t>(w.waitsince));
    if (since && static_cast<std::uint64_t>(*since) > monotonic_ns()) {
      return Refusal{"runtime.g.waitsince", o_.g_waitsince,
                     fmt::format("goroutine {} would wait since the future", w.goid)};
    }
    return std::nullopt;
  }

  // Every goroutine's stack comes from stackalloc: a power of two (runtime/stack.go).
  [[nodiscard]] std::optional<Refusal> stack_bounds(const GWords& w) const {
    const std::uint64_t size = w.stack_hi - w.stack_lo;
    if (w.stack_lo % kMinStack != 0 || w.stack_lo == 0) {
      return Refusal{"runtime.g.stack.lo", o_.g_stack_lo,
                     fmt::format("goroutine {} has {:#x}", w.goid, w.stack_lo)};
    }
    if (w.stack_hi <= w.stack_lo) {
      return Refusal{
          "runtime.g.stack.lo", o_.g_stack_lo,
          fmt::format("goroutine {} has a stack from {:#x} to {:#x} (or that of runtime.g.stack.hi is wrong)",
                      w.goid, w.stack_lo, w.stack_hi)};
    }
    if (size < kMinStack || size > kMaxStack || (size & (size - 1)) != 0) {
      return Refusal{
          "runtime.g.stack.hi", o_.g_stack_hi,
          fmt::format("goroutine {} has a stack from {:#x} to {:#x}", w.goid, w.stack_lo, w.stack_hi)};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Refusal> parked(const GWords& w) {
    // Zero: stopped on its thread by the runtime itself (casGToWaiting), gogo cleared it.
    if (w.sched_sp == 0) return std::nullopt;
    if (w.sched_sp <= w.stack_lo || w.sched_sp > w.stack_hi || w.sched_sp % 8 != 0) {
      return Refusal{"runtime.g.sched.sp", o_.g_sched_sp, outside(w, w.sched_sp)};
    }
    if (!is_code(w.sched_pc)) {
      return Refusal{"runtime.g.sched.pc", o_.g_sched_pc,
                     fmt::format("goroutine {} would be at {:#x}", w.goid, w.sched_pc)};
    }
    if (w.sched_bp != 0 &&
        (w.sched_bp + kFramePointerBelowSp < w.sched_sp || w.sched_bp >= w.stack_hi || w.sched_bp % 8 != 0)) {
      return Refusal{"runtime.g.sched.bp", o_.g_sched_bp, outside(w, w.sched_bp)};
    }
    // gopark saves its caller's frame: only a goroutine that never ran has none.
    if (w.sched_bp == 0 && w.stack_hi - w.sched_sp > 128) {
      return Refusal{"runtime.g.sched.bp", o_.g_sched_bp,
                     fmt::format("goroutine {} has frames and no pointer to them", w.goid)};
    }
    // dropg (runtime/proc.go) clears it.
    if (w.m != 0) {
      const auto curg = memory_.value<std::uint64_t>(w.m + o_.m_curg);
      if (!curg)
        return Refusal{"runtime.g.m", o_.g_m, fmt::format("waiting goroutine {} has {:#x}", w.goid, w.m)};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Refusal> in_syscall(const GWords& w) {
    if (w.syscallsp == 0) return std::nullopt;  // a C thread's
    if (w.syscallsp <= w.stack_lo || w.syscallsp > w.stack_hi) {
      return Refusal{"runtime.g.syscallsp", o_.g_syscallsp, outside(w, w.syscallsp)};
    }
    if (!is_code(w.syscallpc)) {
      return Refusal{"runtime.g.syscallpc", o_.g_syscallpc,
                     fmt::format("goroutine {} would be at {:#x}", w.goid, w.syscallpc)};
    }
    if (o_.g_syscallbp != kAbsent && w.syscallbp != 0 &&
        (w.syscallbp + kFramePointerBelowSp < w.syscallsp || w.syscallbp >= w.stack_hi ||
         w.syscallbp % 8 != 0)) {
      return Refusal{"runtime.g.syscallbp", o_.g_syscallbp, outside(w, w.syscallbp)};
    }
    return std::nullopt;
  }

  // g.m.curg == g; nullopt when the goroutine left its thread meanwhile.
  [[nodiscard]] std::optional<bool> thread_of(std::uint64_t g, const GWords& before) const {
    const auto curg = memory_.value<std::uint64_t>(before.m + o_.m_curg);
    const auto bytes = still_bytes(g);
    if (!bytes) return std::nullopt;
    const GWords after = pick_words(*bytes, o_);
    if (after.status != before.status || after.m != before.m || after.goid != before.goid)
      return std::nullopt;
    return curg && *curg == g;
  }

  static std::string outside(const GWords& w, std::uint64_t value) {
    return fmt::format("{:#x} lies outside of the used stack {:#x}-{:#x} of goroutine {}", value, w.stack_lo,
                       w.stack_hi, w.goid);
  }

  const Memory& memory_;
  const GoroutineReader::Config& config_;
  const RuntimeOffsets& o_;
  const std::size_t window_;
  OtherCode other_code_;
};

}  // namespace

Status GoroutineReader::check_offsets() {
  std::optional<Refusal> last;
  for (int i = 0; i < kRounds; ++i) {
    AllgsLimits limits = allgs_limits(config_);
    limits.first = kGoroutines;
    const auto all = read_allgs(memory_, config_.allgs_address, limits);
    if (!all) return std::unexpected(all.error());
    last = Check(memory_, config_).round(all->pointers);
    if (!last) return {};
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("the offset of {} ({}) does not hold in the live process: {}", last->field,
                          last->offset, last->why));
}

}  // namespace gorotrace
