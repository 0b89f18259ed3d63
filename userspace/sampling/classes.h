// Classes that exclude each other: each goroutine is in one of them, or in none. A Series for each, of which
// only those are touched in which anybody was of late. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/flat_index.h"
#include "sampling/series.h"

namespace gorotrace {

class Classes {
 public:
  // --- while some goroutines are chosen: in class c at this look, by those that were
  void count(std::uint32_t c, double goroutines, double variance) {
    Series& s = touch(c);
    s.count(goroutines);
    s.choice(variance);
  }

  // --- while every goroutine is looked at: who is in class c from look to look. `proven`: unless it changes
  // it was there all the time.
  void enter(std::uint32_t c, bool proven) {
    if (c == kNone) return;
    touch(c);
    ++present_[c].goroutines;
    if (proven) ++present_[c].proven;
  }
  void leave(std::uint32_t c, bool proven) {
    if (c == kNone) return;
    --present_[c].goroutines;
    if (proven) --present_[c].proven;
  }
  void forget_all() { present_.assign(present_.size(), {}); }
  // A look: behind the leaving and before the entering of those that changed, and behind both.
  void count_proven(double gap_ns) {
    for (const std::uint32_t c : active_) series_[c].proven(gap_ns * present_[c].proven);
  }
  void count_present() {
    for (const std::uint32_t c : active_) series_[c].count(present_[c].goroutines);
  }
  // One goroutine's classes at this look, at the last and at the one before that.
  void own(std::uint32_t now, std::uint32_t last, std::optional<std::uint32_t> before, double gap_ns) {
    if (now != last) {
      if (now != kNone) touch(now).own_one(gap_ns);
      if (last != kNone) touch(last).own_one(gap_ns);
    }
    if (before && now != *before) {
      if (now != kNone) touch(now).own_two();
      if (*before != kNone) touch(*before).own_two();
    }
  }
  void proven(std::uint32_t c, double gap_ns) { touch(c).proven(gap_ns); }

  // gap_ns: since the last look, nullopt at the first of a segment; second: the one before is of it, too.
  void end_look(const std::optional<double>& gap_ns, bool second) {
    std::size_t kept = 0;
    for (const std::uint32_t c : active_) {
      Series& s = series_[c];
      if (gap_ns) {
        s.next_look(*gap_ns, second);
      } else {
        s.first_look();
      }
      if (s.idle()) {
        is_active_[c] = false;
      } else {
        active_[kept++] = c;
      }
    }
    active_.resize(kept);
  }
  [[nodiscard]] const Series& operator[](std::uint32_t c) const { return series_[c]; }
  [[nodiscard]] std::size_t size() const { return series_.size(); }

 private:
  Series& touch(std::uint32_t c) {
    if (c >= series_.size()) {
      series_.resize(c + std::size_t{1});
      present_.resize(c + std::size_t{1});
      is_active_.resize(c + std::size_t{1}, false);
    }
    if (!is_active_[c]) {
      is_active_[c] = true;
      active_.push_back(c);
    }
    return series_[c];
  }
  struct Present {
    std::uint32_t goroutines = 0, proven = 0;
  };
  std::vector<Series> series_;
  std::vector<Present> present_;
  std::vector<bool> is_active_;
  std::vector<std::uint32_t> active_;  // those with anything in the last three looks
};

}  // namespace gorotrace
