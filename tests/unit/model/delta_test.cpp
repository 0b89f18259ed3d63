// The difference of a model's answers, over random programs: what happened between is what the program did
// between.
#include "model/delta.h"

#include <map>
#include <numeric>
#include <tuple>

#include "random_trace.h"

namespace gorotrace {
namespace {

using Key = std::tuple<std::uint64_t, unsigned, bool, bool>;
Key key(const BlockingRow& r) {
  return {r.stack, r.reason, r.in_syscall, r.system};
}

std::uint64_t all_wakers(const BlockingRow& r) {
  return std::accumulate(r.wakers.begin(), r.wakers.end(), r.wakers_other,
                         [](std::uint64_t n, const WakerRow& w) { return n + w.count; });
}

// What is counted of a row: sums of differences are the difference of the ends.
using Counted = std::array<std::uint64_t, 6>;
void add(std::map<Key, Counted>& rows, const Tables& t) {
  for (const BlockingRow& r : t.blocking) {
    Counted& sum = rows[key(r)];
    const Counted of_row{r.waits.count(), r.waits.total(), r.ended_unknown,
                         r.tainted,       r.in_window_ns,  all_wakers(r)};
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += of_row[i];
  }
}

class Delta : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  Delta() : truth_(play(GetParam(), 6000)), random_(GetParam()) {
    for (int g = 0; g <= GT_GROUP_SYSCALL; ++g) model_.group(static_cast<gt_group>(g), true, 1000);
    // Every wait of a random program has a stack of its own: rows that grow need shared ones.
    for (gt_record& r : truth_.events) {
      if (r.stack > 20) r.stack = 1 + r.stack % 20;
    }
    Tables empty;
    empty.at_ns = 1000;
    answers_.push_back(empty);
    for (const gt_record& r : truth_.events) {
      if (random_() % 2000 == 0) {
        model_.gap(r.time_ns - 1, r.time_ns);
        model_.advance(r.time_ns);
      }
      model_.apply(r);
      if (random_() % 300 == 0) answers_.push_back(model_.tables(r.time_ns));
    }
    answers_.push_back(model_.tables(truth_.end_ns));
  }

  Truth truth_;
  std::mt19937_64 random_;
  Model model_{test_config()};
  std::vector<Tables> answers_;
};

TEST_P(Delta, NothingLiesBetweenAnAnswerAndItself) {
  for (const Tables& t : answers_) {
    const Tables d = delta(t, t);
    EXPECT_EQ(std::accumulate(d.state_ns.begin(), d.state_ns.end(), std::uint64_t{0}), 0u);
    EXPECT_EQ(d.created + d.exited + d.parks + d.unparks + d.syscalls + d.gaps + d.live_integral_ns, 0u);
    EXPECT_EQ(d.latency.histogram.count() + d.latency.histogram.total() + d.latency.histogram.max(), 0u);
    for (const BlockingRow& r : d.blocking) {
      EXPECT_GT(r.blocked_now, 0u);
      EXPECT_EQ(r.waits.count() + r.waits.max() + r.in_window_ns + all_wakers(r), 0u);
    }
    for (const CreationRow& r : d.creation) EXPECT_TRUE(r.live > 0 && r.created == 0 && r.stacks.empty());
    for (const auto& covered : d.covered) EXPECT_TRUE(covered.empty());
    EXPECT_EQ(d.live, t.live);
    EXPECT_EQ(d.in_state, t.in_state);
  }
}

TEST_P(Delta, StretchesAddUpToTheWhole) {
  std::map<Key, Counted> sum, whole;
  std::array<std::uint64_t, kGStates> state_ns{};
  std::uint64_t created = 0, parks = 0, latencies = 0, inferred = 0, gaps = 0, covered_ns = 0, objects_ns = 0,
                runnable_ns = 0;
  for (std::size_t i = 1; i < answers_.size(); ++i) {
    const Tables d = delta(answers_[i - 1], answers_[i]);
    add(sum, d);
    for (std::size_t s = 0; s < kGStates; ++s) state_ns[s] += d.state_ns[s];
    created += d.created;
    parks += d.parks;
    gaps += d.gaps;
    latencies += d.latency.histogram.count();
    inferred += d.latency.inferred;
    for (const Interval& c : d.covered[GT_GROUP_BLOCK]) covered_ns += c.to_ns - c.from_ns;
    for (const ObjectRow& o : d.objects) objects_ns += o.in_window_ns;
    for (const CreationRow& c : d.creation) runnable_ns += c.runnable_ns;
    EXPECT_EQ(std::accumulate(d.state_ns.begin(), d.state_ns.end(), std::uint64_t{0}), d.live_integral_ns);
  }
  const Tables& last = answers_.back();
  add(whole, last);
  EXPECT_EQ(sum, whole);
  EXPECT_EQ(state_ns, last.state_ns);
  EXPECT_EQ(created, last.created);
  EXPECT_EQ(parks, last.parks);
  EXPECT_EQ(gaps, last.gaps);
  EXPECT_EQ(latencies, last.latency.histogram.count());
  EXPECT_EQ(inferred, last.latency.inferred);
  std::uint64_t last_covered = 0, last_objects = 0;
  for (const Interval& c : last.covered[GT_GROUP_BLOCK]) last_covered += c.to_ns - c.from_ns;
  for (const ObjectRow& o : last.objects) last_objects += o.in_window_ns;
  for (const CreationRow& c : last.creation) runnable_ns -= c.runnable_ns;
  EXPECT_EQ(runnable_ns, 0u);
  EXPECT_EQ(covered_ns, last_covered);
  EXPECT_EQ(objects_ns, last_objects);
}

TEST_P(Delta, DifferencesOfDifferencesAreThoseOfTheEnds) {
  const Tables& first = answers_[answers_.size() / 3];
  const Tables& last = answers_[answers_.size() - 1];
  std::map<Key, Counted> from_start, from_first;
  add(from_start, delta(answers_.front(), last));
  add(from_first, delta(first, last));
  std::map<Key, Counted> rest = from_first;
  add(rest, delta(answers_.front(), first));
  EXPECT_EQ(rest, from_start);
}

TEST_P(Delta, TheLongestAndTheWakersStayWithinWhatIsKnown) {
  for (std::size_t i = 1; i < answers_.size(); ++i) {
    const Tables d = delta(answers_[i - 1], answers_[i]);
    for (const BlockingRow& r : d.blocking) {
      const auto now =
          std::ranges::find_if(answers_[i].blocking, [&](const BlockingRow& b) { return key(b) == key(r); });
      ASSERT_NE(now, answers_[i].blocking.end());
      EXPECT_LE(r.waits.max(), now->waits.max());
      EXPECT_EQ(r.waits.max() > 0, r.waits.total() > 0);
      EXPECT_LE(r.waits.quantile(0.5).value_or(0), r.waits.max());
      EXPECT_TRUE(std::ranges::is_sorted(r.wakers, std::greater<>(), &WakerRow::count));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Delta, ::testing::Range<std::uint64_t>(1, 9));

// One after the other, so that what is not known is known to the test.
TEST(DeltaOf, AnErrorIsWhatIndependentErrorsLeave) {
  Tables before, now;
  BlockingRow row;
  row.stack = 7;
  row.in_window_ns = 100;
  row.sampled = SampledTime{100, 30, 40};
  before.blocking = {row};
  row.in_window_ns = 300;
  row.sampled = SampledTime{300, 50, 90};
  now.blocking = {row};
  const Tables d = delta(before, now);
  ASSERT_EQ(d.blocking.size(), 1u);
  EXPECT_EQ(d.blocking[0].sampled->ns, 200u);
  EXPECT_EQ(d.blocking[0].sampled->error_ns, 40u);
  EXPECT_EQ(d.blocking[0].sampled->proven_ns, 50u);
}

TEST(DeltaOf, AWakerThatMayHaveBeenAmongTheOthersIsTheLeastItCanBe) {
  Tables before, now;
  BlockingRow row;
  row.stack = 7;
  row.ended_unknown = 1;
  row.wakers = {{WakerKind::kGoroutine, 1, 50}, {WakerKind::kGoroutine, 2, 10}};
  row.wakers_other = 6;
  before.blocking = {row};
  row.ended_unknown = 2;
  row.wakers = {{WakerKind::kGoroutine, 3, 60}, {WakerKind::kGoroutine, 1, 55}};
  row.wakers_other = 20;
  now.blocking = {row};
  const Tables d = delta(before, now);
  ASSERT_EQ(d.blocking.size(), 1u);
  ASSERT_EQ(d.blocking[0].wakers.size(), 2u);
  EXPECT_EQ(d.blocking[0].wakers[0].stack, 3u);
  EXPECT_EQ(d.blocking[0].wakers[0].count, 54u) << "of 60, up to 6 were among the others before";
  EXPECT_EQ(d.blocking[0].wakers[1].count, 5u);
  EXPECT_EQ(d.blocking[0].wakers_other, 135u - 66u - 59u);
}

TEST(DeltaOf, AnObjectThatWasDroppedAndCameAgainIsNew) {
  Tables before, now;
  ObjectRow row;
  row.address = 0xc000;
  row.waits = 90;
  row.in_window_ns = 9000;
  before.objects = {row};
  row.waits = 2;
  row.in_window_ns = 10;
  now.objects = {row};
  const Tables d = delta(before, now);
  ASSERT_EQ(d.objects.size(), 1u);
  EXPECT_EQ(d.objects[0].waits, 2u);
  EXPECT_EQ(d.objects[0].in_window_ns, 10u);
}

}  // namespace
}  // namespace gorotrace
