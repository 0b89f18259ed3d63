// Counters out of the tables of turns.
#include "agent/sampled_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "agent/sampled_families.h"

namespace gorotrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Stack n, and the go statement at n, are in main.fN.
class Names : public Symbolizer {
 public:
  const std::vector<Frame>& stack(std::uint64_t id) override { return of(id); }
  bool truncated(std::uint64_t) override { return false; }
  const std::vector<Frame>& frames(std::uint64_t pc, PcKind) override { return of(pc); }

 private:
  const std::vector<Frame>& of(std::uint64_t id) {
    auto& frames = frames_[id];
    if (frames.empty()) {
      frames.resize(2);
      frames[0].function = "runtime.gopark";
      frames[1].function = "main.f" + std::to_string(id);
    }
    return frames;
  }
  std::map<std::uint64_t, std::vector<Frame>> frames_;
};

BlockingRow row(std::uint8_t reason, std::uint64_t stack, std::uint64_t ns, std::uint64_t now = 0) {
  BlockingRow out;
  out.reason = reason;
  out.stack = stack;
  out.in_window_ns = ns;
  out.blocked_now = now;
  if (now != 0) out.oldest_ns = ns;
  return out;
}

StatFacts facts() {
  StatFacts out;
  out.wait_reasons = {"chan receive", "select"};
  out.sampling = SamplingFacts{};
  out.sampling->cpu_ns = 7;
  return out;
}

Tables tables(std::uint64_t at_ns, std::vector<BlockingRow> blocking) {
  Tables out;
  out.at_ns = at_ns;
  out.blocking = std::move(blocking);
  out.covered_by_sampling = {{0, at_ns}};
  return out;
}

TEST(SampledAccount, TurnsAddUp) {
  Names names;
  SampledAccount account;
  account.take(facts(), tables(100, {row(0, 1, 50, 1)}), names);
  account.take(facts(), tables(200, {row(0, 1, 90, 1), row(1, 2, 10)}), names);
  account.end_turn();
  account.take(facts(), tables(300, {row(0, 1, 5, 2)}), names);
  const SampledFigures figures = account.figures(10);
  EXPECT_THAT(figures.waited_ns, UnorderedElementsAre(Pair(WaitSite("chan receive", "main.f1"), 95),
                                                      Pair(WaitSite("select", "main.f2"), 10)));
  EXPECT_EQ(figures.covered_ns, 500u);
  EXPECT_EQ(account.cpu_ns(), 14u);
  EXPECT_EQ(account.blocked(), 2u);
  EXPECT_THAT(figures.in_state,
              ElementsAre(Pair(std::pair<std::string, std::string>("waiting", "chan receive"), 2)));
  EXPECT_THAT(figures.oldest_ns, ElementsAre(Pair("chan receive", 5)));
}

TEST(SampledAccount, AnEstimateThatGetsLessTakesNothingBack) {
  Names names;
  SampledAccount account;
  account.take(facts(), tables(100, {row(0, 1, 50)}), names);
  account.take(facts(), tables(200, {row(0, 1, 40)}), names);
  EXPECT_EQ(account.figures(1).waited_ns.begin()->second, 50u);
}

// Whatever has a row of its own, and whenever it gets one: no series goes down, and the sum is the whole.
TEST(SampledAccount, SeriesNeverGoDown) {
  Names names;
  SampledAccount account;
  std::map<WaitSite, std::uint64_t> last;
  std::uint64_t whole = 0;
  for (std::uint64_t turn = 1; turn <= 40; ++turn) {
    std::vector<BlockingRow> rows;
    for (std::uint64_t stack = 1; stack <= 1 + turn / 2; ++stack) {
      rows.push_back(row(0, stack, stack * 10));
      whole += stack * 10;
    }
    account.take(facts(), tables(turn * 100, std::move(rows)), names);
    account.end_turn();
    const auto now = account.figures(turn < 20 ? 3 : 5).waited_ns;
    EXPECT_LE(now.size(), 6u);
    std::uint64_t sum = 0;
    for (const auto& [site, ns] : now) {
      EXPECT_GE(ns, last[site]) << site.second;
      sum += ns;
    }
    EXPECT_EQ(sum, whole);
    last = now;
  }
}

TEST(SampledAccount, ATargetCannotMakeSitesWithoutEnd) {
  Names names;
  SampledAccount account;
  std::vector<BlockingRow> rows;
  for (std::uint64_t stack = 1; stack <= 2 * SampledAccount::kMostSites; ++stack)
    rows.push_back(row(0, stack, 1));
  account.take(facts(), tables(100, std::move(rows)), names);
  const auto waited = account.figures(100'000).waited_ns;
  EXPECT_EQ(waited.size(), SampledAccount::kMostSites + 1);
  EXPECT_EQ(waited.at({kOtherSite, kOtherSite}), SampledAccount::kMostSites);
}

TEST(SampledAccount, TheRuntimesOwnAreLeftOut) {
  Names names;
  SampledAccount account;
  BlockingRow system = row(0, 1, 50, 1);
  system.system = true;
  account.take(facts(), tables(100, {system}), names);
  EXPECT_TRUE(account.figures(5).waited_ns.empty());
  EXPECT_EQ(account.blocked(), 0u);
}

TEST(SampledFamilies, SayWhatTheyAre) {
  Names names;
  SampledAccount account;
  Tables seen = tables(2'000'000'000, {row(0, 1, 1'500'000'000, 3)});
  CreationRow made;
  made.gopc = 9;
  made.live = 4;
  seen.creation = {made};
  account.take(facts(), seen, names);
  std::vector<MetricFamily> families;
  add_sampled_families(families, {{"7-1", account.figures(5)}, {"8-1", SampledFigures{}}}, 5'000'000'000,
                       true);
  const std::string text = metrics_exposition(families, MetricsFormat::kPrometheusText);
  EXPECT_THAT(
      text, HasSubstr("gorotrace_wait_seconds_total{target=\"7-1\",reason=\"chan receive\",site=\"main.f1\","
                      "quality=\"sampled\"} 1.5\n"));
  EXPECT_THAT(text,
              HasSubstr("gorotrace_state_goroutines{target=\"7-1\",state=\"waiting\",reason=\"chan receive\","
                        "quality=\"sampled\"} 3\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "gorotrace_creation_site_goroutines{target=\"7-1\",site=\"main.f9\",quality=\"sampled\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("gorotrace_covered_seconds_total{target=\"7-1\",quality=\"sampled\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("gorotrace_sample_age_seconds{target=\"7-1\",quality=\"sampled\"} 3\n"));
  EXPECT_THAT(text, Not(HasSubstr("8-1"))) << "it was never looked at";
}

}  // namespace
}  // namespace gorotrace
