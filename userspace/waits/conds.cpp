#include "waits/conds.h"

#include <algorithm>

#include "base/seeded_hash.h"
#include "waits/stack_words.h"
#include "waits/sudog.h"

namespace gorotrace::waits {
namespace {

// sync.Cond on 64 bits: noCopy (no bytes), L (an interface, 16), notify (sync/cond.go, 1.18-1.27).
constexpr std::uint64_t kNotifyAt = 16;
// Behind notifyList.head: its tail, then Cond.checker, which Wait makes point to itself (copyChecker).
constexpr std::size_t kTailBehindHead = 8, kCheckerBehindHead = 16, kBehindHead = 16;

class CondFinder {
 public:
  CondFinder(const Context& context, std::span<Waiter> waiters)
      : context_(context),
        o_(context.config.offsets),
        batch_(context.memory),
        bound_(64 * kPart + 2 * waiters.size()) {
    for (Waiter& w : waiters) {
      if (w.reason == Reason::kCond) chosen_.push_back(&w);
    }
  }

  Status run() {
    if (chosen_.empty() || o_.notifyList_wait == kAbsent || o_.notifyList_notify == kAbsent ||
        o_.notifyList_head == kAbsent)
      return {};
    if (o_.sudog_elem_vu != kAbsent) {
      if (!by_waiting()) return gone();
      return {};
    }
    StackWords words(context_, window() + kBehindHead, [this](Waiter& w, std::uint64_t address, Bytes bytes) {
      const auto word = [&](std::size_t at) { return load<std::uint64_t>(bytes, at).value_or(0); };
      const std::uint64_t checker = address + o_.notifyList_head + kCheckerBehindHead;
      // A word beside the list makes a list of its words: its last sudog, too, hangs in a list. Only at its
      // place does the sync.Cond around it point to itself.
      if (word(checker - address) != checker) return false;
      const List& list = walked(address, word(o_.notifyList_head));
      const auto sudog = list.entries.find(w.g);
      const auto next = load<std::uint32_t>(bytes, o_.notifyList_wait),
                 notified = load<std::uint32_t>(bytes, o_.notifyList_notify);
      if (sudog == list.entries.end() || !next || !notified) return false;
      // A ticket is drawn before its goroutine parks: no more hang in the list than were drawn.
      if (list.last != word(o_.notifyList_head + kTailBehindHead) || *next - *notified < list.entries.size())
        return false;
      if (!found(w, address, bytes, sudog->second, "notifyList")) return false;
      w.evidence.push_back({checker, checker});
      return true;
    });
    if (!words.search(chosen_)) return gone();
    return {};
  }

 private:
  struct List {
    SeededMap<std::uint64_t, std::uint64_t> entries;  // g -> sudog
    std::uint64_t last = 0;
  };

  [[nodiscard]] std::size_t window() const {
    return std::max({o_.notifyList_wait, o_.notifyList_notify, o_.notifyList_head}) + 8u;
  }

  bool found(Waiter& w, std::uint64_t address, Bytes bytes, std::uint64_t sudog, const char* known_by) {
    const auto next = load<std::uint32_t>(bytes, o_.notifyList_wait);
    const auto notified = load<std::uint32_t>(bytes, o_.notifyList_notify);
    if (!next || !notified || address < kNotifyAt) return false;
    w.objects.push_back(
        {Certainty::kLikely, known_by, CondWait{address, address - kNotifyAt, *next - *notified}});
    w.evidence.push_back({sudog + o_.sudog_g, w.g});
    return true;
  }

  // Since 1.26: g.waiting, whose elem is the list.
  bool by_waiting() {
    return in_parts(chosen_.size(), kPart, [&](std::size_t first, std::size_t count) {
      std::vector<std::uint64_t> addresses, lists(count, 0);
      for (std::size_t i = 0; i < count; ++i) addresses.push_back(chosen_[first + i]->words.waiting);
      if (!batch_.read(addresses, sudog_window(o_))) return false;
      for (std::size_t i = 0; i < count; ++i) {
        const Sudog s = pick_sudog(batch_.at(i), o_);
        if (s.g == chosen_[first + i]->g && s.channel == 0) lists[i] = s.elem;
      }
      if (!batch_.read(lists, window())) return false;
      for (std::size_t i = 0; i < count; ++i) {
        Waiter& w = *chosen_[first + i];
        if (lists[i] == 0 || batch_.at(i).empty()) continue;
        if (!found(w, lists[i], batch_.at(i), addresses[i], "g.waiting")) continue;
        w.evidence.push_back({addresses[i] + sudog_elem_at(o_), lists[i]});
      }
      return true;
    });
  }

  // Whose sudogs hang in a list, walked once. A word that is no list ends at its first element: no sudog of a
  // waiter, or one of a channel or semaphore.
  const List& walked(std::uint64_t address, std::uint64_t sudog) {
    const auto [at, added] = lists_.try_emplace(address);
    if (!added) return at->second;
    std::vector<std::uint8_t> bytes(sudog_window(o_));
    while (sudog != 0 && sudog % 8 == 0 && bound_ > 0 && context_.memory.read(sudog, bytes)) {
      --bound_;
      const Sudog s = pick_sudog(bytes, o_);
      if (s.g == 0 || s.channel != 0 || s.elem != 0 || !at->second.entries.try_emplace(s.g, sudog).second)
        break;
      at->second.last = sudog;
      sudog = s.next;
    }
    return at->second;
  }

  const Context& context_;
  const RuntimeOffsets& o_;
  Batch batch_;
  std::size_t bound_;  // sudogs still to be read, of all lists and of what turns out to be none
  std::vector<Waiter*> chosen_;
  SeededMap<std::uint64_t, List> lists_;
};

}  // namespace

Status find_conds(const Context& context, std::span<Waiter> waiters) {
  return CondFinder(context, waiters).run();
}

}  // namespace gorotrace::waits
