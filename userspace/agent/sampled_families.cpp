#include "agent/sampled_families.h"

#include <functional>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
void add_sampled_families(std::vector<MetricFamily>& families,
                          const std::map<std::string, SampledFigures>& targets, std::uint64_t now_ns,
                          bool with_id) {
  using Add = std::function<void(double, MetricLabels)>;
  const auto family = [&](const char* name, const char* help, MetricType type, const char* quality,
                          const std::function<void(const SampledFigures&, const Add&)>& samples) {
    MetricFamily out{name, help, type, {}};
    for (const auto& [id, figures] : targets) {
      if (figures.at_ns == 0) continue;
      samples(figures, [&](double value, MetricLabels labels) {
        if (with_id) labels.emplace(labels.begin(), "target", id);
        labels.emplace_back("quality", quality);
        out.add(value, std::move(labels));
      });
    }
    families.push_back(std::move(out));
  };
  using enum MetricType;
  family("gorotrace_state_goroutines",
         "Goroutines by state and wait reason in the last sample, without the runtime's own.", kGauge,
         "sampled", [](const SampledFigures& of, const Add& add) {
           for (const auto& [name, count] : of.in_state)
             add(static_cast<double>(count), {{"state", name.first}, {"reason", name.second}});
         });
  family("gorotrace_wait_seconds_total",
         "Time that goroutines waited while that was seen, by wait reason and function of the program: "
         "divided by "
         "gorotrace_covered_seconds_total, how many waited on average.",
         kCounter, "sampled", [](const SampledFigures& of, const Add& add) {
           for (const auto& [name, ns] : of.waited_ns)
             add(in_seconds(ns), {{"reason", name.first}, {"site", name.second}});
         });
  family("gorotrace_oldest_wait_seconds",
         "How long the oldest wait that goes on has lasted, as far as sampling has proven it.", kGauge,
         "lower bound", [](const SampledFigures& of, const Add& add) {
           for (const auto& [reason, ns] : of.oldest_ns) add(in_seconds(ns), {{"reason", reason}});
         });
  family("gorotrace_creation_site_goroutines",
         "Goroutines in the last sample by the function that made them, without the runtime's own.", kGauge,
         "sampled", [](const SampledFigures& of, const Add& add) {
           for (const auto& [site, count] : of.live_by_site)
             add(static_cast<double>(count), {{"site", site}});
         });
  family("gorotrace_covered_seconds_total",
         "For so long it was seen who waits: by sampling in turns, or by probes.", kCounter, "sampled",
         [](const SampledFigures& of, const Add& add) { add(in_seconds(of.covered_ns), {}); });
  family(
      "gorotrace_sample_age_seconds", "How long ago the last sample of these figures was.", kGauge, "sampled",
      [now_ns](const SampledFigures& of, const Add& add) { add(in_seconds(since(now_ns, of.at_ns)), {}); });
}

}  // namespace gorotrace
