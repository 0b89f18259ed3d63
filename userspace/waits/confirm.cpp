#include "waits/confirm.h"

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "snapshot/merged_ranges.h"
#include "snapshot/user_address.h"

namespace gorotrace::waits {
namespace {

constexpr std::size_t kFirstChunk = 32, kSmallestChunk = 2, kLargestChunk = 128;
constexpr int kLooks = 8;                  // at a goroutine whose looks came too far apart
constexpr std::size_t kMaxEvidence = 512;  // words of one goroutine; a longer select cannot be read in time

class Pass {
 public:
  explicit Pass(const Context& context)
      : memory_(context.memory), config_(context.config), window_(g_window(context.config.offsets)) {}

  Status run(std::span<Waiter> waiters) {
    std::vector<Waiter*> pending;
    for (Waiter& w : waiters) {
      // One without an object may have moved before it was searched for: that is another answer than "none".
      if (w.objects.empty() && w.reason == Reason::kNone) continue;
      // No address of a process: nothing was read there.
      if (std::erase_if(w.evidence, [](const Evidence& e) { return e.address >= kUserEnd; }) != 0)
        w.provable = false;
      pending.push_back(&w);
    }
    // Goroutines, and words, that lie together share a remote range. Ranges are merged over less than a page,
    // so that one fails only when a page fails in which a piece of it lies.
    std::ranges::sort(pending, {}, &Waiter::g);
    std::size_t chunk = kFirstChunk;
    for (int look = 0; look < kLooks && !pending.empty(); ++look) {
      std::vector<Waiter*> late;
      for (std::size_t at = 0; at < pending.size();) {
        const std::size_t n = std::min(chunk, pending.size() - at);
        const auto took_ns = look_at(std::span(pending).subspan(at, n), late);
        if (!took_ns) return gone();
        if (*took_ns > config_.max_between_looks_ns) {
          chunk = std::max(chunk / 2, kSmallestChunk);
        } else if (*took_ns < config_.max_between_looks_ns / 2) {
          chunk = std::min(chunk * 2, kLargestChunk);
        }
        at += n;
      }
      std::swap(pending, late);
    }
    return {};
  }

 private:
  // chunk: by rising g. The time between the looks; nothing when the process is gone.
  std::optional<std::uint64_t> look_at(std::span<Waiter*> chunk, std::vector<Waiter*>& late) {
    plan_evidence(chunk);
    first_.clear();
    second_.clear();
    for (const Waiter* w : chunk) {
      first_.add(w->g, window_);
      second_.add(w->g, window_);
    }
    first_ranges_.clear();
    first_.append_to(first_ranges_);
    // One call reads in this order: evidence, goroutines.
    second_ranges_.clear();
    evidence_.append_to(second_ranges_);
    const std::size_t goroutines_at = second_ranges_.size();
    second_.append_to(second_ranges_);
    const std::uint64_t begin = monotonic_ns();
    if (!memory_.read_many(first_ranges_, first_failed_) ||
        !memory_.read_many(second_ranges_, second_failed_))
      return std::nullopt;
    const std::uint64_t took_ns = monotonic_ns() - begin;
    const bool in_time = took_ns <= config_.max_between_looks_ns;

    holds_.assign(chunk.size(), true);
    for (std::size_t n = 0; n < words_.size(); ++n) {
      const Word& word = words_[n];
      holds_[word.waiter] = holds_[word.waiter] && !second_failed_[evidence_.range_of(n)] &&
                            (load<std::uint64_t>(evidence_.piece(n), 0).value_or(0) & word.evidence->mask) ==
                                word.evidence->value;
    }
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      Waiter& w = *chunk[i];
      const bool readable =
          !first_failed_[first_.range_of(i)] && !second_failed_[goroutines_at + second_.range_of(i)];
      const bool whole = w.evidence.size() <= kMaxEvidence;
      const GWords before = pick_words(first_.piece(i), config_.offsets);
      const GWords after = pick_words(second_.piece(i), config_.offsets);
      if (!readable || !same(w.words, before) || !same(before, after)) {
        w.objects.clear();
        w.moved = true;
      } else if (w.objects.empty()) {
        // It stood still and has none.
      } else if (!holds_[i]) {
        // It stood still all the time, so what was found was never its own.
        w.objects.clear();
      } else if (!in_time) {
        late.push_back(&w);
      } else if (whole && w.provable) {
        for (WaitObject& object : w.objects) object.certainty = Certainty::kProven;
      }
    }
    return took_ns;
  }

  // The words to read again, by rising address.
  void plan_evidence(std::span<Waiter*> chunk) {
    words_.clear();
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const auto& evidence = chunk[i]->evidence;
      if (evidence.size() > kMaxEvidence) continue;
      for (const Evidence& e : evidence) words_.push_back({&e, i});
    }
    std::ranges::sort(words_, {}, [](const Word& word) { return word.evidence->address; });
    evidence_.clear();
    for (const Word& word : words_) evidence_.add(word.evidence->address, sizeof(std::uint64_t));
  }

  static bool same(const GWords& a, const GWords& b) {
    return unmoved(a, b) && a.wait_reason == b.wait_reason && a.waiting == b.waiting &&
           a.sleep_when == b.sleep_when;
  }

  const Memory& memory_;
  const WaitReader::Config& config_;
  const std::size_t window_;
  struct Word {
    const Evidence* evidence;
    std::size_t waiter;  // position in the chunk
  };
  std::vector<Word> words_;
  std::vector<bool> holds_;  // by position in the chunk
  MergedRanges first_, second_, evidence_;
  std::vector<Memory::Range> first_ranges_, second_ranges_;
  std::vector<bool> first_failed_, second_failed_;
};

}  // namespace

Status confirm(const Context& context, std::span<Waiter> waiters) {
  return Pass(context).run(waiters);
}

}  // namespace gorotrace::waits
