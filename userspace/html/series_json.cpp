#include "html/series_json.h"

#include <cmath>
#include <optional>

#include "base/clock.h"
#include "evidence/interval.h"
#include "model/delta.h"

namespace gorotrace {
namespace {

// A page of three hundred moments needs no more digits.
std::optional<double> rounded(std::optional<double> number) {
  return number ? std::optional(std::round(*number * 1000) / 1000) : std::nullopt;
}

std::optional<double> per_s(const std::optional<Rate>& rate) {
  return rate ? rounded(rate->per_s) : std::nullopt;
}

std::optional<double> per_s(std::uint64_t before, std::uint64_t now, std::uint64_t ns) {
  if (ns == 0) return std::nullopt;
  return rounded(static_cast<double>(since(now, before)) * 1e9 / static_cast<double>(ns));
}

// Goroutines in that state: in the mean of the interval where probes tell of each change, else as of its end,
// as sampling or a look at memory has it.
std::optional<double> in_state(const Sample& before, const Sample& now, GState state) {
  const auto i = static_cast<std::size_t>(state);
  const std::uint64_t ns = since(now.at_ns, before.at_ns);
  if (ns == 0) return std::nullopt;
  if ((before.groups & now.groups & group_bit(GT_GROUP_BLOCK)) == 0)
    return static_cast<double>(now.totals.in_state[i]);
  return rounded(static_cast<double>(since(now.totals.state_ns[i], before.totals.state_ns[i])) /
                 static_cast<double>(ns));
}

struct IntervalOf {
  const Sample& before;
  const Sample& now;
  IntervalRow row;
};

// What tracing took, between readings: they are rarer than samples.
void cost_field_of(JsonWriter& out, const std::vector<Sample>& series, std::uint64_t begin_ns) {
  out.array_field("cost", [&] {
    const Sample* before = nullptr;
    for (const Sample& now : series) {
      if (before != nullptr && now.cost.target_cpu_ns <= before->cost.target_cpu_ns) continue;
      if (before != nullptr && before->cost.target_cpu_ns > 0) {
        out.array([&] {
          out.value(since(now.at_ns, begin_ns));
          out.value(rounded(interval_row(*before, now).target_cpu_percent));
        });
      }
      before = &now;
    }
  });
}

}  // namespace

void series_fields(JsonWriter& out, const std::vector<Sample>& series, std::uint64_t begin_ns) {
  std::vector<IntervalOf> intervals;
  for (std::size_t i = 1; i < series.size(); ++i)
    intervals.push_back({series[i - 1], series[i], interval_row(series[i - 1], series[i])});
  const auto column = [&](std::string_view name, const auto& figure) {
    out.array_field(name, intervals, [&](const IntervalOf& i) { out.value(figure(i)); });
  };
  out.array_field("from_ns", intervals,
                  [&](const IntervalOf& i) { out.value(since(i.row.from_ns, begin_ns)); });
  column("to_ns", [&](const IntervalOf& i) { return since(i.row.to_ns, begin_ns); });
  column("live", [](const IntervalOf& i) { return i.row.live; });
  column("created_per_s", [](const IntervalOf& i) { return per_s(i.row.created); });
  column("exited_per_s", [](const IntervalOf& i) { return per_s(i.row.exited); });
  column("parks_per_s", [](const IntervalOf& i) { return per_s(i.row.parks); });
  column("syscalls_per_s", [](const IntervalOf& i) { return per_s(i.row.syscalls); });
  column("events_per_s", [](const IntervalOf& i) {
    return per_s(i.before.events.received, i.now.events.received, since(i.row.to_ns, i.row.from_ns));
  });
  column("lost", [](const IntervalOf& i) { return i.row.lost; });
  out.object_field("states", [&] {
    for (const auto& [state, name] : kEnumNames<GState>)
      column(name, [&](const IntervalOf& i) { return in_state(i.before, i.now, state); });
  });
  cost_field_of(out, series, begin_ns);
}

}  // namespace gorotrace
