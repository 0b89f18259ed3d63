#include "snapshot/goroutines.h"

#include <algorithm>
#include <span>

#include "base/clock.h"
#include "bpf/shared/abi.h"
#include "snapshot/allgs.h"
#include "snapshot/g_words.h"
#include "snapshot/stack_walk.h"
#include "snapshot/thread_words.h"

namespace gorotrace {
namespace {

// A goroutine that moved is looked at again this often; one whose looks came too far apart proves nothing and
// does not count, up to kLooks in all.
constexpr int kMoves = 4, kLooks = 16;
// A remote range costs 0.35-0.6 us whatever its size (pages are pinned), so goroutines that lie together
// share one.
constexpr std::uint64_t kMergeGap = 2048, kMergedBytes = 64 * 1024;
constexpr std::size_t kChunkWithStacks = 32, kChunkBare = 2048, kChunkAgain = 8, kSmallestChunk = 2;
// Bytes kept below the frame pointer, so that [sp] comes along: no runtime function that parks has more.
constexpr std::uint64_t kBelowFrame = 1024;

struct Entry {
  std::uint64_t g;
  std::uint32_t index;  // in allgs
  std::uint8_t moves = 0;
};

// Where the stack of a goroutine at rest starts.
struct Base {
  std::uint64_t pc = 0, sp = 0, fp = 0;
  bool by_deltas = false;  // no frame pointer saved: pcsp
};

std::uint64_t add_capped(std::uint64_t a, std::uint64_t b, std::uint64_t cap) {
  return cap - a < b ? cap : a + b;
}

// One snapshot being taken.
class Pass {
 public:
  Pass(const Memory& memory, const GoroutineReader::Config& config, bool with_stacks)
      : memory_(memory), config_(config), with_stacks_(with_stacks), window_(g_window(config.offsets)) {
    if (config.sp_delta) {
      sp_delta_ = [this](std::uint64_t pc) { return config_.sp_delta(pc - config_.load_bias); };
    }
  }

  Status run(std::vector<std::uint64_t> pointers, Snapshot& out) {
    std::vector<Entry> pending = distinct(pointers, out.counts);
    rows_.reserve(std::min<std::size_t>(pending.size(), 1u << 20));
    const std::uint64_t deadline = out.counts.begin_ns + config_.max_duration_ns;
    for (int look = 0; look < kLooks && !pending.empty(); ++look) {
      look_ = look;
      again_.clear();
      std::size_t chunk = !with_stacks_ ? kChunkBare : look == 0 ? kChunkWithStacks : kChunkAgain;
      for (std::size_t at = 0; at < pending.size();) {
        if (monotonic_ns() > deadline) {
          if (look == 0) out.counts.not_reached = pending.size() - at;
          again_.insert(again_.end(), pending.begin() + static_cast<std::ptrdiff_t>(at), pending.end());
          break;
        }
        const std::size_t n = std::min(chunk, pending.size() - at);
        if (!read_chunk(std::span(pending).subspan(at, n), out)) {
          return fail(ErrorKind::kNoProcess, "the process is gone: it ended while its goroutines were read");
        }
        // A slow or busy machine: fewer at a time, so that the looks come closer together.
        if (late_) chunk = std::max(chunk / 2, kSmallestChunk);
        at += n;
      }
      std::swap(pending, again_);
    }
    finish(out);
    return {};
  }

 private:
  // Sorted by address, without what cannot be a goroutine: two of them cannot overlap.
  std::vector<Entry> distinct(const std::vector<std::uint64_t>& pointers, SnapshotCounts& counts) const {
    std::vector<Entry> entries;
    entries.reserve(pointers.size());
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      constexpr std::uint64_t kUserEnd = 1ull << 56;
      const std::uint64_t g = pointers[i];
      if (g < 4096 || g >= kUserEnd || g % 8 != 0) {
        ++counts.unreadable;
      } else {
        entries.push_back({g, static_cast<std::uint32_t>(i), 0});
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.g != b.g ? a.g < b.g : a.index < b.index; });
    std::size_t kept = 0;
    for (const Entry& e : entries) {
      if (kept > 0 && e.g - entries[kept - 1].g < window_) {
        ++counts.unreadable;
      } else {
        entries[kept++] = e;
      }
    }
    entries.resize(kept);
    return entries;
  }

  bool read_chunk(std::span<const Entry> chunk, Snapshot& out) {
    late_ = false;
    const std::uint64_t begin = monotonic_ns();
    if (!read_words(chunk, first_)) return false;
    if (!with_stacks_) {
      for (std::size_t i = 0; i < chunk.size(); ++i)
        settle(chunk[i], first_.words[i], first_.readable[i], begin, out);
      return true;
    }
    if (!read_stacks(chunk)) return false;
    const bool in_time = monotonic_ns() - begin <= config_.max_between_looks_ns;
    late_ = !in_time;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const GWords& words = first_.words[i];
      GoroutineSnapshot* g = settle(chunk[i], words, first_.readable[i], begin, out);
      if (g == nullptr) continue;
      if (!words.at_rest()) {
        if (look_ == 0) ++out.counts.running;
        continue;
      }
      if (!bases_[i]) {
        // A stack pointer outside the stack is a goroutine on its way, but a syscall may have saved nothing.
        if (words.state() == GStatus::kSyscall && !has_syscall_base(words)) {
          ++out.counts.no_base;
        } else {
          look_again(chunk[i]);
        }
        continue;
      }
      if (!in_time) {
        again_.push_back(chunk[i]);
        continue;
      }
      if (!stack_read_[i] || !second_.readable[i] || !unmoved(words, second_.words[i]) ||
          ticks_[i].before != ticks_[i].after || !take_stack(words, *bases_[i], i, *g, out.stacks)) {
        look_again(chunk[i]);
        continue;
      }
      ++out.counts.stacks;
      if (look_ > 0) ++out.counts.retried;
      if (g->unproven) ++out.counts.unproven;
    }
    return true;
  }

  void look_again(Entry entry) {
    if (++entry.moves < kMoves) again_.push_back(entry);
  }

  struct Look {
    std::vector<std::uint8_t> bytes;
    std::vector<Memory::Range> ranges;
    std::vector<bool> failed;
    std::vector<std::size_t> range_of, offset_of;  // of each entry
    std::vector<GWords> words;
    std::vector<bool> readable;
  };

  // Ranges over the chunk's goroutines, neighbours merged.
  void plan(std::span<const Entry> chunk, Look& look) const {
    look.ranges.clear();
    look.range_of.resize(chunk.size());
    look.offset_of.resize(chunk.size());
    struct Part {
      std::uint64_t begin, end;
    };
    std::vector<Part> parts;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const std::uint64_t g = chunk[i].g, end = g + window_;
      if (parts.empty() || g - parts.back().end > kMergeGap || end - parts.back().begin > kMergedBytes) {
        parts.push_back({g, end});
      }
      parts.back().end = end;
      look.range_of[i] = parts.size() - 1;
      look.offset_of[i] = g - parts.back().begin;
    }
    std::size_t total = 0;
    for (const Part& p : parts) total += p.end - p.begin;
    look.bytes.resize(total);
    total = 0;
    for (const Part& p : parts) {
      look.ranges.push_back({p.begin, {look.bytes.data() + total, p.end - p.begin}});
      total += p.end - p.begin;
    }
  }

  void pick(std::span<const Entry> chunk, std::size_t first_range, const std::vector<bool>& failed,
            Look& look) const {
    look.words.resize(chunk.size());
    look.readable.assign(chunk.size(), true);
    std::vector<std::uint8_t> alone(window_);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const std::size_t r = look.range_of[i];
      if (!failed[first_range + r]) {
        look.words[i] = pick_words(slice(look.ranges[r].out, look.offset_of[i], window_), config_.offsets);
      } else if (memory_.read(chunk[i].g, alone)) {  // a hole between two that were merged
        look.words[i] = pick_words(alone, config_.offsets);
      } else {
        look.readable[i] = false;
      }
    }
  }

  bool read_words(std::span<const Entry> chunk, Look& look) const {
    plan(chunk, look);
    if (!memory_.read_many(look.ranges, look.failed)) return false;
    pick(chunk, 0, look.failed, look);
    return true;
  }

  // One call: every stack, then the goroutines again.
  bool read_stacks(std::span<const Entry> chunk) {
    constexpr std::size_t kSlot = kBelowFrame + GT_STACK_WINDOW;
    bases_.assign(chunk.size(), std::nullopt);
    windows_.resize(chunk.size());
    stack_read_.assign(chunk.size(), false);
    stack_bytes_.resize(chunk.size() * kSlot);
    std::vector<Memory::Range>& ranges = all_ranges_;
    std::vector<std::size_t> owner;
    ranges.clear();
    ticks_.assign(chunk.size(), Ticks{});
    const std::size_t tick_ranges = want_ticks(chunk.size(), &Ticks::before, ranges);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const GWords& w = first_.words[i];
      if (!first_.readable[i] || !w.at_rest()) continue;
      bases_[i] = base_of(w);
      if (!bases_[i]) continue;
      const Base& b = *bases_[i];
      // The probes' walk copies at most GT_STACK_WINDOW bytes from the frame pointer: a truncated stack must
      // be truncated at the same frame to have the same identity.
      std::uint64_t begin = b.sp, end = add_capped(b.sp, GT_STACK_WINDOW, w.stack_hi);
      if (!b.by_deltas && b.fp + kFramePointerBelowSp >= b.sp && b.fp < w.stack_hi) {
        end = add_capped(b.fp, GT_STACK_WINDOW, w.stack_hi);
        if (b.fp < b.sp || b.fp - b.sp > kBelowFrame) begin = b.fp;
      }
      const std::span<std::uint8_t> to(stack_bytes_.data() + i * kSlot, end - begin);
      windows_[i] = {begin, to, w.stack_hi};
      if (to.empty()) {
        stack_read_[i] = true;
        continue;
      }
      ranges.push_back({begin, to});
      owner.push_back(i);
    }
    plan(chunk, second_);
    const std::size_t words_at = ranges.size();
    ranges.insert(ranges.end(), second_.ranges.begin(), second_.ranges.end());
    want_ticks(chunk.size(), &Ticks::after, ranges);
    if (!memory_.read_many(ranges, second_.failed)) return false;
    for (std::size_t k = 0; k < owner.size(); ++k) stack_read_[owner[k]] = !second_.failed[tick_ranges + k];
    pick(chunk, words_at, second_.failed, second_);
    return true;
  }

  // m.syscalltick of goroutines in a syscall: since 1.26 nothing in g counts running <-> syscall, but
  // entersyscall copies p.syscalltick there and exitsyscall moves that on (runtime/proc.go).
  struct Ticks {
    std::uint32_t before = kNoTick, after = kNoTick;
  };
  static constexpr std::uint32_t kNoTick = ~0u;

  std::size_t want_ticks(std::size_t n, std::uint32_t Ticks::* which, std::vector<Memory::Range>& ranges) {
    if (config_.syscalls_counted || config_.offsets.m_syscalltick == kAbsent) return 0;
    std::size_t added = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const GWords& w = first_.words[i];
      if (!first_.readable[i] || w.state() != GStatus::kSyscall || w.m == 0) continue;
      ranges.push_back({w.m + config_.offsets.m_syscalltick,
                        {reinterpret_cast<std::uint8_t*>(&(ticks_[i].*which)), sizeof(std::uint32_t)}});
      ++added;
    }
    return added;
  }

  [[nodiscard]] bool has_syscall_base(const GWords& w) const {
    if (w.syscallsp == 0 || w.syscallpc == 0) return false;
    return config_.offsets.g_syscallbp != kAbsent || sp_delta_ != nullptr;
  }

  [[nodiscard]] std::optional<Base> base_of(const GWords& w) const {
    Base b{w.sched_pc, w.sched_sp, w.sched_bp, false};
    if (w.state() == GStatus::kSyscall) {
      if (!has_syscall_base(w)) return std::nullopt;
      b = {w.syscallpc, w.syscallsp, w.syscallbp, config_.offsets.g_syscallbp == kAbsent};
    }
    if (b.sp % 8 != 0 || b.sp <= w.stack_lo || b.sp > w.stack_hi) return std::nullopt;
    return b;
  }

  bool take_stack(const GWords& w, const Base& b, std::size_t i, GoroutineSnapshot& g,
                  StackSet& stacks) const {
    const StackWindow& stack = windows_[i];
    const TextRange text{config_.text, config_.etext};
    WalkedStack walked;
    if (b.by_deltas) {
      walked = walk_sp_deltas(stack, text, sp_delta_, b.pc, b.sp);
    } else {
      const Preempted preempted{b.sp, sp_delta_};
      // With a link register the caller of a leaf or a prologue is in no frame: the chain goes without it.
      const bool anywhere =
          !kLinkRegister && (w.state() == GStatus::kRunnable || w.state() == GStatus::kPreempted);
      walked = walk_frame_pointers(stack, text, b.pc, b.fp, sp_delta_ && anywhere ? &preempted : nullptr);
    }
    if (walked.broken) return false;
    g.stack_id = stack_identity(walked.pcs);
    g.stack = stacks.add(g.stack_id, walked.pcs, walked.truncated);
    g.truncated = walked.truncated;
    g.unproven =
        (w.state() == GStatus::kSyscall && !config_.syscalls_counted && ticks_[i].after == kNoTick) ||
        (w.state() == GStatus::kWaiting && config_.coroutine_reason != 0 &&
         w.wait_reason == config_.coroutine_reason);
    return true;
  }

  // The goroutine's row: made at the first look, taken up again at later ones. nullptr when there is nothing
  // to take a stack of.
  GoroutineSnapshot* settle(const Entry& entry, const GWords& w, bool readable, std::uint64_t now,
                            Snapshot& out) {
    if (look_ == 0) {
      ++out.counts.seen;
      if (!readable) ++out.counts.unreadable;
      if (readable && w.goid != 0 && w.gopc == 0) ++out.counts.extra;
      if (!readable || !w.alive()) return nullptr;
      rows_.push_back({entry.index, fill(entry.g, w, now)});
      if (with_stacks_) row_of_.resize(std::max<std::size_t>(row_of_.size(), entry.index + 1u), kNoRow);
      if (with_stacks_) row_of_[entry.index] = rows_.size() - 1;
      return &rows_.back().row;
    }
    GoroutineSnapshot& row = rows_[row_of_[entry.index]].row;
    // Ended or replaced meanwhile: the state of the first look stands.
    if (!readable || !w.at_rest() || w.goid != row.goid) return nullptr;
    row = fill(entry.g, w, now);
    return &row;
  }

  static GoroutineSnapshot fill(std::uint64_t g, const GWords& w, std::uint64_t now) {
    GoroutineSnapshot row;
    row.goid = w.goid;
    row.g = g;
    row.status = w.state();
    row.wait_reason = w.wait_reason;
    row.gopc = w.gopc;
    row.startpc = w.startpc;
    row.parent_goid = w.parent_goid;
    row.wait_since_ns = w.waitsince;
    row.scan = w.scan;
    row.locked = w.lockedm != 0;
    row.m = w.m != 0 ? w.m : w.lockedm;
    row.labels = w.labels;
    row.waiting = w.waiting;
    row.timer = w.timer;
    row.sleep_when = w.sleep_when;
    row.bubble = w.bubble;
    row.read_at_ns = now;
    return row;
  }

  void finish(Snapshot& out) {
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.index < b.index; });
    out.goroutines.reserve(rows_.size());
    for (Row& r : rows_) out.goroutines.push_back(std::move(r.row));
    out.counts.alive = out.goroutines.size();
    if (with_stacks_) {
      out.counts.unvalidated = out.counts.alive - out.counts.stacks - out.counts.running - out.counts.no_base;
    }
  }

  struct Row {
    std::uint32_t index;
    GoroutineSnapshot row;
  };
  static constexpr std::size_t kNoRow = ~std::size_t{0};

  const Memory& memory_;
  const GoroutineReader::Config& config_;
  const bool with_stacks_;
  const std::size_t window_;
  SpDelta sp_delta_;
  int look_ = 0;
  bool late_ = false;
  std::vector<Entry> again_;
  std::vector<Row> rows_;
  std::vector<std::size_t> row_of_;  // by index in allgs
  Look first_, second_;
  std::vector<std::optional<Base>> bases_;
  std::vector<StackWindow> windows_;
  std::vector<bool> stack_read_;
  std::vector<Ticks> ticks_;
  std::vector<std::uint8_t> stack_bytes_;
  std::vector<Memory::Range> all_ranges_;
};

}  // namespace

GoroutineReader::GoroutineReader(const Memory& memory, Config config)
    : memory_(memory), config_(std::move(config)) {}

Result<Snapshot> GoroutineReader::read(bool with_stacks) {
  Snapshot out;
  out.counts.begin_ns = monotonic_ns();
  auto pointers = read_allgs(memory_, config_.allgs_address, config_.max_goroutines, config_.max_goroutines);
  if (!pointers) return std::unexpected(pointers.error());
  Pass pass(memory_, config_, with_stacks);
  if (auto status = pass.run(std::move(*pointers), out); !status) return std::unexpected(status.error());
  read_thread_words(memory_, config_.offsets, out.goroutines);
  out.counts.end_ns = monotonic_ns();
  return out;
}

}  // namespace gorotrace
