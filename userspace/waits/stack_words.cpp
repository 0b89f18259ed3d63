#include "waits/stack_words.h"

#include <algorithm>

#include "base/seeded_hash.h"
#include "snapshot/user_address.h"

namespace gorotrace::waits {
namespace {

// gopark, the function that parks and its caller together have less (runtime/netpoll.go, runtime/sema.go).
constexpr std::uint64_t kDepth = 1024;
// Searches of a whole frame, each dozens of reads: a bound on what a forged stack can cost.
constexpr std::size_t kMaxSearches = 4096;

bool may_point(std::uint64_t word, const GWords& g) {
  return may_be_pointer(word) && (word < g.stack_lo || word >= g.stack_hi);
}

}  // namespace

bool StackWords::search(std::span<Waiter* const> waiters) {
  std::vector<Waiter*> left(waiters.begin(), waiters.end()), again;
  std::size_t searches = 0;
  // One search teaches the slot for all others with the same pc.
  while (!left.empty() && searches < kMaxSearches) {
    again.clear();
    if (!where_others_had_it(left, again)) return false;
    std::swap(left, again);
    again.clear();
    SeededMap<std::uint64_t, std::size_t> tried;
    for (Waiter* w : left) {
      constexpr std::size_t kTries = 8;
      std::size_t& tries = tried[w->words.sched_pc];
      if (tries == kTries || searches == kMaxSearches) {
        again.push_back(w);
        continue;
      }
      ++searches;
      ++tries;
      const std::size_t learned = slot_of_pc_.size();
      if (!everywhere(*w)) return false;
      if (slot_of_pc_.size() > learned) tries = kTries;
    }
    std::swap(left, again);
  }
  return true;
}

bool StackWords::where_others_had_it(std::span<Waiter* const> waiters, std::vector<Waiter*>& left) {
  std::vector<Waiter*> known;
  std::vector<std::uint64_t> slots;
  for (Waiter* w : waiters) {
    const auto slot = slot_of_pc_.find(w->words.sched_pc);
    if (slot == slot_of_pc_.end()) {
      left.push_back(w);
    } else {
      known.push_back(w);
      slots.push_back(w->words.sched_sp + slot->second);
    }
  }
  return in_parts(known.size(), kPart, [&](std::size_t first, std::size_t count) {
    if (!batch_.read(std::span(slots).subspan(first, count), sizeof(std::uint64_t))) return false;
    std::vector<std::uint64_t> addresses;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t word = load<std::uint64_t>(batch_.at(i), 0).value_or(0);
      addresses.push_back(may_point(word, known[first + i]->words) ? word : 0);
    }
    if (!batch_.read(addresses, window_)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      Waiter* w = known[first + i];
      if (batch_.at(i).empty() || !accept_(*w, addresses[i], batch_.at(i))) left.push_back(w);
    }
    return true;
  });
}

bool StackWords::everywhere(Waiter& w) {
  const GWords& g = w.words;
  if (g.sched_sp < g.stack_lo || g.sched_sp >= g.stack_hi) return true;
  std::vector<std::uint8_t> stack(std::min(kDepth, g.stack_hi - g.sched_sp));
  if (!memory_.read(g.sched_sp, stack)) return true;
  std::vector<std::uint64_t> addresses, slots;
  for (std::uint64_t at = 0; at + 8 <= stack.size(); at += 8) {
    const std::uint64_t word = load<std::uint64_t>(stack, at).value_or(0);
    if (!may_point(word, g) || std::find(addresses.begin(), addresses.end(), word) != addresses.end())
      continue;
    addresses.push_back(word);
    slots.push_back(at);
  }
  if (!batch_.read(addresses, window_)) return false;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (batch_.at(i).empty() || !accept_(w, addresses[i], batch_.at(i))) continue;
    slot_of_pc_[g.sched_pc] = slots[i];
    return true;
  }
  return true;
}

}  // namespace gorotrace::waits
