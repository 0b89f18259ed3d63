// How many goroutines were in one class (a state, a wait reason and stack, a creation site) at each look, and
// what follows for the time they spent there: the estimate and its error. Pure arithmetic; times in ns.
//
// Looks are at independent uniform instants, one in each cell of kLookPeriodNs. The time between two looks is
// split between what they saw (trapezoids), which is unbiased: a look's weight, half of both gaps, does not
// depend on where in its cell it fell.
#pragma once

#include <cstdint>

namespace gorotrace {

// Squared changes of a class between looks one and two gaps apart. Their ratio tells changes that last (a
// wait that begins: twice the gap changes twice as much, and trapezoids miss little) from what is new at each
// look (short waits, random choice: the gap does not matter, and every look's error counts in full).
struct Changes {
  double one = 0, two = 0;  // sums of squares
  double one_ns2 = 0;       // of `one`, each with gap^2 / 2

  void add_one(double difference, double gap_ns) {
    one += difference * difference;
    one_ns2 += gap_ns * gap_ns * difference * difference / 2;
  }
  void add_two(double difference) { two += difference * difference; }
  // Variance of the trapezoid sum, ns^2; `gaps` looked over in `segments` separate stretches.
  [[nodiscard]] double variance(double gaps, double segments) const;
};

// sampling's gaps so far: what sums over looks are divided by.
struct Gaps {
  double count = 0, segments = 0;
};

class Series {
 public:
  // --- during a look
  void count(double goroutines) { now_ += goroutines; }
  // Variance of this look's count from the choice of goroutines (none when all were looked at).
  void choice(double variance) { now_choice_ += variance; }
  // One goroutine's share of the change, when every goroutine is looked at: as if each changed for itself.
  void own_one(double gap_ns) { own_.add_one(1, gap_ns); }
  void own_two() { own_.add_two(1); }
  void proven(double gap_ns) { proven_ns_ += gap_ns; }

  // --- at its end
  void first_look();  // of a segment: nothing lies before it
  // gap_ns after the last look; `second` when the one before belongs to the segment too.
  void next_look(double gap_ns, bool second);
  [[nodiscard]] bool idle() const { return now_ == 0 && last_ == 0 && before_ == 0; }

  // --- answers
  [[nodiscard]] double total_ns() const { return total_ns_; }
  // Part of total_ns() in which the same wait was proven to go on.
  [[nodiscard]] double proven_ns() const { return proven_ns_; }
  // The largest of what the choice of goroutines, the changes of the whole class and those of each goroutine
  // for itself explain: the first is blind to what all do at once, the second noisy where little changes.
  [[nodiscard]] double standard_error_ns(const Gaps& gaps) const;
  [[nodiscard]] double last() const { return last_; }  // at the last look

 private:
  double total_ns_ = 0, proven_ns_ = 0;
  double now_ = 0, last_ = 0, before_ = 0;
  double now_choice_ = 0, last_choice_ = 0, choice_ns2_ = 0;
  Changes all_, own_;
};

}  // namespace gorotrace
