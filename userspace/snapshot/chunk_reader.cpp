#include "snapshot/chunk_reader.h"

#include <algorithm>

#include "base/clock.h"

namespace gorotrace {

ChunkReader::ChunkReader(const Memory& memory, const GoroutineReader::Config& config)
    : memory_(memory), config_(config), window_(g_window(config.offsets)), alone_(window_) {}

void ChunkReader::plan(std::span<const std::uint64_t> gs, MergedRanges& words) const {
  words.clear();
  for (const std::uint64_t g : gs) words.add(g, window_);
}

void ChunkReader::pick(std::span<const std::uint64_t> gs) {
  words_.resize(gs.size());
  looks_.resize(gs.size());
  for (std::size_t i = 0; i < gs.size(); ++i) {
    if (!failed_[first_.range_of(i)]) {
      words_[i] = pick_words(first_.piece(i), config_.offsets);
    } else if (memory_.read(gs[i], alone_)) {  // a hole between two that were merged
      words_[i] = pick_words(alone_, config_.offsets);
    } else {
      looks_[i] = Look::kUnreadable;
      continue;
    }
    looks_[i] = words_[i].at_rest() ? Look::kMoved : Look::kNotAtRest;
  }
}

bool ChunkReader::read_words(std::span<const std::uint64_t> gs) {
  begin_ns_ = monotonic_ns();
  plan(gs, first_);
  ranges_.clear();
  first_.append_to(ranges_);
  if (!memory_.read_many(ranges_, failed_)) return false;
  pick(gs);
  end_ns_ = monotonic_ns();
  return true;
}

bool ChunkReader::read_stacks(std::span<const std::uint64_t> gs, std::uint64_t window, bool merged) {
  if (!read_words(gs)) return false;
  find_bases();
  // One call reads in this order: ticks, stacks, goroutines, ticks.
  ranges_.clear();
  ticks_.assign(gs.size(), {kNoTick, kNoTick});
  want_ticks(&Ticks::before);
  const std::size_t stacks_at = ranges_.size();
  want_stacks(window, merged);
  const std::size_t words_at = ranges_.size();
  plan(gs, second_);
  second_.append_to(ranges_);
  want_ticks(&Ticks::after);
  if (!memory_.read_many(ranges_, failed_)) return false;
  end_ns_ = monotonic_ns();
  for (const std::uint32_t i : by_stack_) looks_[i] = judge(i, words_at, stacks_at);
  return true;
}

void ChunkReader::find_bases() {
  const bool deltas = config_.sp_delta != nullptr;
  bases_.resize(words_.size());
  by_stack_.clear();
  for (std::uint32_t i = 0; i < words_.size(); ++i) {
    const GWords& w = words_[i];
    if (looks_[i] != Look::kMoved) continue;
    if (w.state() == GStatus::kSyscall && !has_syscall_base(w, config_.offsets, deltas)) {
      looks_[i] = Look::kNoBase;
    } else if (const auto base = stack_base(w, config_.offsets, deltas)) {
      bases_[i] = *base;
      by_stack_.push_back(i);
    }
  }
}

void ChunkReader::want_stacks(std::uint64_t window, bool merged) {
  extents_.resize(words_.size());
  piece_of_.resize(words_.size());
  for (const std::uint32_t i : by_stack_) extents_[i] = stack_extent(bases_[i], words_[i].stack_hi, window);
  std::sort(by_stack_.begin(), by_stack_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return extents_[a].begin < extents_[b].begin; });
  stacks_.clear();
  for (std::uint32_t n = 0; n < by_stack_.size(); ++n) {
    const StackExtent& e = extents_[by_stack_[n]];
    stacks_.add(e.begin, e.size, !merged);
    piece_of_[by_stack_[n]] = n;
  }
  stacks_.append_to(ranges_);
}

// m.syscalltick of goroutines in a syscall: since 1.26 nothing in g counts running <-> syscall, but
// entersyscall copies p.syscalltick there and exitsyscall moves that on (runtime/proc.go).
void ChunkReader::want_ticks(std::uint32_t Ticks::* which) {
  if (config_.syscalls_counted || config_.offsets.m_syscalltick == kAbsent) return;
  for (const std::uint32_t i : by_stack_) {
    const GWords& w = words_[i];
    if (w.state() != GStatus::kSyscall || w.m == 0) continue;
    ranges_.push_back({w.m + config_.offsets.m_syscalltick,
                       {reinterpret_cast<std::uint8_t*>(&(ticks_[i].*which)), sizeof(std::uint32_t)}});
  }
}

Look ChunkReader::judge(std::size_t i, std::size_t words_at, std::size_t stacks_at) const {
  if (end_ns_ - begin_ns_ > config_.max_between_looks_ns) return Look::kTooLate;
  const bool arrived = !failed_[words_at + second_.range_of(i)] &&
                       (extents_[i].size == 0 || !failed_[stacks_at + stacks_.range_of(piece_of_[i])]);
  const bool still = arrived && ticks_[i].before == ticks_[i].after &&
                     unmoved(words_[i], pick_moving_words(second_.piece(i), config_.offsets));
  return still ? Look::kStill : Look::kMoved;
}

StackWindow ChunkReader::stack(std::size_t i) const {
  return {extents_[i].begin, stacks_.piece(piece_of_[i]), words_[i].stack_hi};
}

bool ChunkReader::uncounted(std::size_t i) const {
  const GWords& w = words_[i];
  const bool syscall =
      w.state() == GStatus::kSyscall && !config_.syscalls_counted && ticks_[i].after == kNoTick;
  const bool coroutine = w.state() == GStatus::kWaiting && config_.coroutine_reason != 0 &&
                         w.wait_reason == config_.coroutine_reason;
  return syscall || coroutine;
}

}  // namespace gorotrace
