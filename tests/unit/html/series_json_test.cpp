#include "html/series_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gorotrace {
namespace {

using nlohmann::json;
constexpr std::uint64_t kBegin = 1'000'000'000, kStep = 500'000'000;

Sample sample(std::uint64_t i) {
  Sample s;
  s.at_ns = kBegin + i * kStep;
  s.totals.looked = true;
  s.totals.live = 10 + i;
  s.totals.created = 100 * i;
  s.totals.exited = 90 * i;
  s.totals.parks = 40 * i;
  s.totals.state_ns[static_cast<std::size_t>(GState::kWaiting)] = i * 8 * kStep;
  s.events.received = 1000 * i;
  s.events.dropped = {{"lost", i == 2 ? 7u : 0u}};
  s.cost = {
      .hits = i, .charged_ns = static_cast<double>(i) * 1e6, .target_cpu_ns = 1000 + i / 2 * 100'000'000};
  s.totals.in_state[static_cast<std::size_t>(GState::kWaiting)] = 5;
  s.groups = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  return s;
}

json series(const std::vector<Sample>& samples) {
  return json::parse(
      json_text([&](JsonWriter& out) { out.object([&] { series_fields(out, samples, kBegin); }); }));
}

TEST(SeriesJson, columns_are_of_one_length_and_say_what_interval_lines_do) {
  const json j = series({sample(0), sample(1), sample(2), sample(3)});
  EXPECT_EQ(j["from_ns"], json({0, kStep, 2 * kStep}));
  EXPECT_EQ(j["to_ns"], json({kStep, 2 * kStep, 3 * kStep}));
  EXPECT_EQ(j["live"], json({11, 12, 13}));
  EXPECT_EQ(j["created_per_s"], json({200.0, 200.0, 200.0}));
  EXPECT_EQ(j["exited_per_s"], json({180.0, 180.0, 180.0}));
  EXPECT_EQ(j["parks_per_s"], json({80.0, 80.0, 80.0}));
  EXPECT_EQ(j["syscalls_per_s"], json({nullptr, nullptr, nullptr})) << "the group was off: not 0";
  EXPECT_EQ(j["events_per_s"], json({2000.0, 2000.0, 2000.0}));
  EXPECT_EQ(j["states"]["waiting"], json({8.0, 8.0, 8.0}));
  EXPECT_EQ(j["lost"], json({0, 7, 0}));
  EXPECT_EQ(j["cost"], json({{2 * kStep, 2.0}})) << "between two readings of the target's CPU time";
}

TEST(SeriesJson, where_no_probe_tells_of_states_they_are_those_of_the_moment) {
  std::vector<Sample> samples{sample(0), sample(1), sample(2)};
  samples[2].groups = 0;
  const json j = series(samples);
  EXPECT_EQ(j["states"]["waiting"], json({8.0, 5.0}));
  EXPECT_EQ(j["parks_per_s"], json({80.0, nullptr}));
}

TEST(SeriesJson, of_no_two_moments_there_is_nothing) {
  for (const auto& samples : {std::vector<Sample>{}, {sample(0)}}) {
    const json j = series(samples);
    EXPECT_TRUE(j["to_ns"].empty());
    EXPECT_TRUE(j["states"]["waiting"].empty());
  }
}

TEST(SeriesJson, a_moment_twice_divides_by_nothing) {
  const json j = series({sample(1), sample(1)});
  EXPECT_EQ(j["created_per_s"], json::array({nullptr}));
  EXPECT_EQ(j["states"]["waiting"], json::array({nullptr}));
  EXPECT_EQ(j["events_per_s"], json::array({nullptr}));
}

}  // namespace
}  // namespace gorotrace
