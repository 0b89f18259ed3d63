#include "snapshot/snapshot_pass.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "bpf/shared/abi.h"
#include "snapshot/collection_times.h"
#include "snapshot/far_end.h"
#include "snapshot/g_words.h"
#include "snapshot/user_address.h"

namespace gorotrace {
namespace {

// A goroutine that moved is looked at again this often; one whose looks came too far apart proves nothing and
// does not count, up to kLooks in all.
constexpr int kMoves = 4, kLooks = 16;
// Many goroutines a call, as long as the looks stay close together: a chunk that took most of that time is
// followed by a smaller one, one that took little by a larger one.
constexpr std::size_t kLargestChunk = 64, kSmallestChunk = 1, kFirstChunk = 16, kChunkBare = 2048;
// Whole stacks: runtime.Stack prints at most 100 frames, yet says how many there are. Deeper ones are cut.
constexpr std::uint64_t kWholeWindow = 256 * 1024;
constexpr std::size_t kWholeFrames = 4096;
// Of deeper ones: their outermost frames, as many as the runtime itself shows (tracebackOuterFrames), and how
// long all of them may take.
constexpr std::size_t kFarFrames = 50;
constexpr std::uint64_t kFarDuration = 1'000'000'000;

// A time of the target on our clock; 0: none.
std::uint64_t on_our_clock(const TargetClock& clock, std::uint64_t time) {
  return static_cast<std::uint64_t>(clock.to_monotonic(static_cast<std::int64_t>(time)).value_or(0));
}

GoroutineSnapshot row_from(std::uint64_t g, std::uint32_t index, const GWords& w, const TargetClock& clock,
                           std::uint64_t now) {
  GoroutineSnapshot row;
  row.goid = w.goid;
  row.g = g;
  row.index = index;
  row.status = w.state();
  row.wait_reason = w.wait_reason;
  row.scan = w.scan;
  row.locked = w.lockedm != 0;
  row.on_thread = w.m != 0;
  row.gopc = w.gopc;
  row.startpc = w.startpc;
  row.parent_goid = w.parent_goid;
  row.ancestors = w.ancestors;
  row.wait_since_ns = on_our_clock(clock, w.waitsince);
  row.read_at_ns = now;
  row.sp = w.state() == GStatus::kSyscall ? w.syscallsp : w.sched_sp;
  row.tracking_seq = w.tracking_seq;
  row.m = w.m != 0 ? w.m : w.lockedm;
  row.labels = w.labels;
  row.waiting = w.waiting;
  row.timer = w.timer;
  row.sleep_when = on_our_clock(clock, w.sleep_when);
  row.bubble = w.bubble;
  row.running_cleanups = w.running_cleanups;
  return row;
}

}  // namespace

SnapshotPass::SnapshotPass(const Memory& memory, const GoroutineReader::Config& config, StackDepth depth,
                           std::stop_token stop)
    : memory_(memory),
      config_(config),
      depth_(depth),
      clock_(memory.clock()),
      stop_(std::move(stop)),
      sp_delta_(config.sp_delta),
      other_code_(config.plugin_code, config.other_code),
      elsewhere_([this](std::uint64_t pc) { return other_code_.kind(pc); }),
      code_({config.text, config.etext}, &elsewhere_),
      reader_(memory, config) {}

Status SnapshotPass::run(std::span<const std::uint64_t> gs, Snapshot& out) {
  out.goroutines.reserve(std::min<std::size_t>(gs.size(), 1u << 20));
  if (auto s = look_at(distinct(gs, out.counts), Round::kFirst, out); !s) return s;
  if (auto s = look_at(std::exchange(deep_, {}), Round::kDeep, out); !s) return s;
  read_far_ends(out);
  SnapshotCounts& counts = out.counts;
  counts.alive = out.goroutines.size();
  const CollectionTimes collections(out.goroutines);
  for (GoroutineSnapshot& g : out.goroutines) {
    g.waited_at_ns = collections.waited_at(g);
    if (g.stack != StackSet::kNone) ++counts.stacks;
    if (g.unproven) ++counts.unproven;
    if (g.retried && !g.unproven) ++counts.retried;
    if (g.ends_outside) ++counts.end_outside;
  }
  if (depth_ != StackDepth::kNoStacks)
    counts.unvalidated = counts.alive - counts.stacks - counts.running - counts.no_base;
  return {};
}

// Sorted by address, without what cannot be a goroutine: two of them cannot overlap.
std::vector<SnapshotPass::Entry> SnapshotPass::distinct(std::span<const std::uint64_t> gs,
                                                        SnapshotCounts& counts) const {
  const std::uint64_t size = g_window(config_.offsets);
  std::vector<Entry> entries;
  entries.reserve(gs.size());
  for (std::size_t i = 0; i < gs.size(); ++i) {
    if (!may_be_pointer(gs[i])) {
      ++counts.unreadable;
    } else {
      entries.push_back({gs[i], static_cast<std::uint32_t>(i)});
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.g != b.g ? a.g < b.g : a.index < b.index; });
  std::size_t kept = 0;
  for (const Entry& e : entries) {
    if (kept > 0 && e.g - entries[kept - 1].g < size) {
      ++counts.unreadable;
    } else {
      entries[kept++] = e;
    }
  }
  entries.resize(kept);
  return entries;
}

Status SnapshotPass::look_at(std::vector<Entry> pending, Round round, Snapshot& out) {
  const std::uint64_t deadline = out.counts.begin_ns + config_.max_duration_ns;
  const std::uint64_t limit = config_.max_between_looks_ns;
  std::size_t size = kFirstChunk;
  for (int look = 0; look < kLooks && !pending.empty(); ++look) {
    again_.clear();
    for (std::size_t at = 0; at < pending.size();) {
      if (monotonic_ns() > deadline || stop_.stop_requested()) {
        if (round == Round::kFirst) out.counts.not_reached = pending.size() - at;
        return {};
      }
      const std::size_t n =
          std::min(depth_ == StackDepth::kNoStacks ? kChunkBare : size, pending.size() - at);
      if (!read_chunk(std::span(pending).subspan(at, n), round, out)) {
        return fail(ErrorKind::kNoProcess, "the process is gone: it ended while its goroutines were read");
      }
      const std::uint64_t took = reader_.end_ns() - reader_.begin_ns();
      if (took > limit / 4 * 3) size = std::max(size / 2, kSmallestChunk);
      if (took < limit / 3 && n == size) size = std::min(size * 2, kLargestChunk);
      at += n;
    }
    std::swap(pending, again_);
    if (round == Round::kFirst) round = Round::kAgain;
  }
  return {};
}

bool SnapshotPass::read_chunk(std::span<Entry> chunk, Round round, Snapshot& out) {
  chunk_gs_.clear();
  for (const Entry& e : chunk) chunk_gs_.push_back(e.g);
  if (depth_ == StackDepth::kNoStacks) {
    if (!reader_.read_words(chunk_gs_)) return false;
  } else {
    const std::uint64_t window = round == Round::kDeep ? kWholeWindow : GT_STACK_WINDOW;
    if (!reader_.read_stacks(chunk_gs_, window, /*merged=*/round == Round::kFirst)) return false;
  }
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (round == Round::kFirst) first_look(chunk[i], i, out);
    if (depth_ != StackDepth::kNoStacks && chunk[i].row != kNoRow) take(chunk[i], i, round, out);
  }
  return true;
}

void SnapshotPass::first_look(Entry& entry, std::size_t i, Snapshot& out) {
  ++out.counts.seen;
  if (reader_.look(i) == Look::kUnreadable) {
    ++out.counts.unreadable;
    return;
  }
  const GWords& words = reader_.words(i);
  if (words.goid != 0 && words.gopc == 0) ++out.counts.extra;
  if (!words.alive()) return;
  entry.row = static_cast<std::uint32_t>(out.goroutines.size());
  out.goroutines.push_back(row_from(entry.g, entry.index, words, clock_, reader_.begin_ns()));
  if (!words.at_rest()) ++out.counts.running;
  if (reader_.look(i) == Look::kNoBase) ++out.counts.no_base;
}

void SnapshotPass::take(const Entry& entry, std::size_t i, Round round, Snapshot& out) {
  GoroutineSnapshot& row = out.goroutines[entry.row];
  const Look look = reader_.look(i);
  const GWords& words = reader_.words(i);
  // What it was at the first look stands until a stack is proven; ended or replaced since, nothing more
  // comes.
  if (look == Look::kUnreadable ||
      (round == Round::kFirst && (look == Look::kNotAtRest || look == Look::kNoBase)))
    return;
  if (words.goid != row.goid || !words.alive()) return;
  if (look == Look::kTooLate) {
    again_.push_back(entry);
    return;
  }
  if (look != Look::kStill || !walk(i, StackDepth::kAsProbes, round)) {
    look_again(entry);
    return;
  }
  GoroutineSnapshot now = row_from(entry.g, entry.index, words, clock_, reader_.begin_ns());
  now.stack_id = stack_identity(config_.stack_seed, walked_.pcs);
  now.truncated = walked_.truncated;
  now.unproven = reader_.uncounted(i);
  std::uint64_t id = now.stack_id;
  if (depth_ == StackDepth::kWhole) {
    if (!walk(i, StackDepth::kWhole, round)) {
      look_again(entry);
      return;
    }
    if (sp_delta_) walk_on(reader_.stack(i), code_, sp_delta_, walked_);
    const bool cut = walked_.truncated && walked_.unframed == WalkedStack::kNone;
    if (cut && round != Round::kDeep) deep_.push_back({entry.g, entry.index, entry.row});
    deeper_.erase(entry.row);
    if (cut && walked_.next_fp != 0) deeper_.insert({entry.row, {entry.g, words, walked_.next_fp}});
    end_outside(now);
    now.truncated = walked_.truncated;
    id = stack_identity(config_.stack_seed, walked_.pcs);
  }
  now.stack = out.stacks.add(id, walked_.pcs, walked_.truncated);
  now.retried = round == Round::kAgain || row.retried;
  row = now;
}

// Into walked_. False: no stack that a goroutine at rest can have. As the probes walk it, it has the hidden
// callers that they get to know (with_hidden_callers), else all of them.
bool SnapshotPass::walk(std::size_t i, StackDepth depth, Round round) {
  const GWords& w = reader_.words(i);
  const StackBase& base = reader_.base(i);
  StackWindow stack = reader_.stack(i);
  const bool deep = depth == StackDepth::kWhole && round == Round::kDeep;
  if (deep) stack.max_frames = kWholeFrames;
  // More may have been read than the probes' copy holds, whose cut is part of the identity.
  const std::uint64_t size = stack_extent(base, w.stack_hi, deep ? kWholeWindow : GT_STACK_WINDOW).size;
  stack.bytes = stack.bytes.first(std::min<std::size_t>(stack.bytes.size(), size));
  if (base.by_deltas) {
    walk_sp_deltas(stack, code_, sp_delta_, base.pc, base.sp, walked_);
    return !walked_.broken;
  }
  const bool as_probes = depth == StackDepth::kAsProbes;
  const InjectedCalls& calls = config_.injected_calls;
  Interrupted interrupted{sp_delta_, as_probes ? calls.preempting : calls.all};
  // One that waits to be scanned has been preempted, too (runtime/preempt.go suspendG).
  if (w.state() == GStatus::kRunnable || w.state() == GStatus::kPreempted ||
      (w.state() == GStatus::kWaiting && config_.preempted_reason != 0 &&
       w.wait_reason == config_.preempted_reason)) {
    interrupted.first_sp = base.sp;
    interrupted.first_lr = w.sched_lr;
  }
  const bool known = sp_delta_ && !(kLinkRegister && as_probes);
  walk_frame_pointers(stack, code_, base.pc, base.fp, known ? &interrupted : nullptr, walked_);
  return !walked_.broken;
}

// Frames above code without a line table: a file's count where the chain leads on to the outermost frame, or
// is longer than what was read; where no frame pointers need be, one could be missing.
void SnapshotPass::end_outside(GoroutineSnapshot& row) {
  std::size_t last = walked_.unframed;
  if (last == WalkedStack::kNone) {
    const bool goes_on = walked_.truncated && walked_.next_fp != 0;
    if (walked_.outside == WalkedStack::kNone || goes_on ||
        (config_.outermost && config_.outermost(walked_.pcs.back())))
      return;
    last = walked_.outside;
  }
  walked_.cut_behind(last);
  row.ends_outside = true;
}

// Of a goroutine that has not moved since its inner end was read. One that cannot be had keeps that. Those
// whose whole window took too long to be read between two looks (256 KiB: 20 to 60 us) are among them.
void SnapshotPass::read_far_ends(Snapshot& out) {
  const std::uint64_t deadline = monotonic_ns() + kFarDuration;
  for (const auto& [index, deeper] : deeper_) {
    if (stop_.stop_requested()) break;
    GoroutineSnapshot& row = out.goroutines[index];
    const std::span<const std::uint64_t> inner = out.stacks[row.stack].pcs;
    std::vector<std::uint64_t> pcs(inner.begin(), inner.end());
    const auto far = walk_far_end(memory_, code_, config_.outermost, deeper.next_fp, deeper.words.stack_hi,
                                  kWholeFrames - std::min(kWholeFrames, pcs.size()), kFarFrames, deadline);
    chunk_gs_.assign(1, deeper.g);
    if (!far || !reader_.read_words(chunk_gs_) || reader_.look(0) == Look::kUnreadable ||
        !unmoved(deeper.words, reader_.words(0)))
      continue;
    pcs.insert(pcs.end(), far->first.begin(), far->first.end());
    const StackSet::Gap gap{static_cast<std::uint32_t>(pcs.size()), far->between};
    pcs.insert(pcs.end(), far->last.begin(), far->last.end());
    std::vector<std::uint64_t> identity = pcs;
    identity.push_back(gap.calls);
    row.truncated = gap.calls > 0;
    row.unproven = true;
    row.stack = out.stacks.add(stack_identity(config_.stack_seed, identity), pcs, row.truncated, gap);
  }
}

void SnapshotPass::look_again(Entry entry) {
  if (++entry.moves < kMoves) again_.push_back(entry);
}

}  // namespace gorotrace
