#include "stream/watermark.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

TEST(Watermark, emptied_rings_are_complete_up_to_the_pass) {
  Watermark w(2);
  w.passed(0, 100 * kMs, true);
  w.passed(1, 101 * kMs, true);
  EXPECT_EQ(w.at(100 * kMs), 100 * kMs - Watermark::kStragglerNs);
}

TEST(Watermark, a_ring_that_was_not_emptied_is_complete_up_to_the_pass_that_did) {
  Watermark w(2);
  for (const unsigned ring : {0u, 1u}) w.passed(ring, 100 * kMs, true);
  EXPECT_EQ(w.at(100 * kMs), 99 * kMs);
  for (std::uint64_t at = 110 * kMs; at < 150 * kMs; at += 10 * kMs) {
    w.passed(0, at, true);
    w.passed(1, at, false);  // some thread lost the CPU in the middle of a record
    EXPECT_EQ(w.at(at), 99 * kMs);
  }
  for (const unsigned ring : {0u, 1u}) w.passed(ring, 150 * kMs, true);
  EXPECT_EQ(w.at(150 * kMs), 149 * kMs);
}

TEST(Watermark, patience_ends_and_what_was_let_pass_stays_passed) {
  Watermark w(1);
  w.passed(0, 100 * kMs, true);
  const std::uint64_t late = 100 * kMs + Watermark::kPatienceNs;
  w.passed(0, late - 1, false);
  EXPECT_EQ(w.at(late - 1), 99 * kMs);
  w.passed(0, late, false);
  EXPECT_EQ(w.at(late), late - Watermark::kStragglerNs);
  w.passed(0, late + kMs, false);
  EXPECT_EQ(w.at(late + kMs), late + kMs - Watermark::kStragglerNs);
}

TEST(Watermark, before_the_first_pass_nothing_is_waited_for) {
  Watermark w(4);
  EXPECT_EQ(w.at(10'000 * kMs), 10'000 * kMs - Watermark::kStragglerNs);
}

}  // namespace
}  // namespace gorotrace
