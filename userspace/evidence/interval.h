// One interval of `stat`: the difference of two samples, each figure from the cheapest engine that had it.
#pragma once

#include <optional>

#include "base/enum_names.h"
#include "evidence/facts.h"

namespace gorotrace {

enum class Engine { kProbes, kCounters, kSnapshot, kSampling };
template <>
inline constexpr auto kEnumNames<Engine> = enum_names<Engine>({
    {Engine::kProbes, "probes"},
    {Engine::kCounters, "counters"},
    {Engine::kSnapshot, "snapshot"},
    {Engine::kSampling, "sampling"},
});

// A figure is absent when no engine could give it: never 0.
struct Rate {
  std::uint64_t count = 0;  // in the interval
  double per_s = 0;
  Engine engine = Engine::kProbes;
};

struct IntervalRow {
  std::uint64_t from_ns = 0, to_ns = 0;
  std::optional<std::int64_t> live;
  Engine live_engine = Engine::kProbes;
  std::optional<Rate> created, exited, parks, unparks, syscalls;
  std::optional<std::uint64_t> runnable;  // absent when nothing tells who runs and who waits for a CPU
  std::optional<double>
      target_cpu_percent;  // cost charged, of the target's own CPU time; absent when it used none
  double of_one_cpu_percent = 0;
  std::uint64_t hits = 0, lost = 0;
  GroupMask groups = 0;  // on at both ends
};

[[nodiscard]] IntervalRow interval_row(const Sample& before, const Sample& now);

}  // namespace gorotrace
