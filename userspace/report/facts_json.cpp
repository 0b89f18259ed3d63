#include "report/facts_json.h"

#include <optional>
#include <string>

#include "base/clock.h"
#include "evidence/quality.h"

namespace gorotrace {
namespace {

void counts_field(JsonWriter& out, std::string_view name,
                  const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  out.object_field(name, [&] {
    for (const auto& [reason, n] : counts) out.field(reason, n);
  });
}

}  // namespace

void groups_field(JsonWriter& out, std::string_view name, GroupMask mask) {
  out.array_field(name, [&] {
    for (const auto& [group, known] : kEnumNames<gt_group>) {
      if ((mask & group_bit(group)) != 0) out.value(known);
    }
  });
}

void events_fields(JsonWriter& out, const EventFacts& events) {
  out.field("produced", events.produced);
  out.field("received", events.received);
  out.field("in_window", events.in_window);
  out.field("dropped", events.dropped_total());
  counts_field(out, "by_reason", events.dropped);
  counts_field(out, "stack_failed", events.stack_failed);
}

void cost_field(JsonWriter& out, const StatFacts& facts, std::uint64_t window_ns) {
  const CostFacts& c = facts.cost;
  const auto percent = [&](std::uint64_t of) {
    return of > 0 ? std::optional(100 * c.charged_ns / static_cast<double>(of)) : std::nullopt;
  };
  out.object_field("cost", [&] {
    out.field("hits", c.hits);
    out.field("charged_ns", c.charged_ns);
    out.field("target_cpu_percent", percent(c.target_cpu_ns));
    out.field("of_one_cpu_percent", percent(window_ns));
    out.object_field("calibrated_ns", facts.calibrated, [&](const TrapCosts& costs) {
      out.field("emulated", costs.emulated_ns);
      out.field("single_step", costs.single_step_ns);
    });
    out.array_field("detached", facts.detached, [&](const Detachment& d) {
      out.object([&] {
        out.field("group", name_of(d.group));
        out.field("at_ns", since(d.at_ns, facts.begin_ns));
        out.field("reason", d.reason);
      });
    });
    out.object_field("phases", facts.phases, [&](const Phases& phases) {
      groups_field(out, "groups", phases.groups);
      out.field("count", phases.count);
      out.field("reason", phases.reason);
    });
    out.object_field("shared_probes", facts.shared_probes, [&](const SharedProbes& shared) {
      out.field("targets", shared.targets);
      out.field("others_hits", shared.others_hits);
    });
    out.field("quality", name_of(Quality::kEstimated));
  });
}

void sampling_fields(JsonWriter& out, const SamplingFacts& c) {
  const auto per = [](std::uint64_t n, std::uint64_t of, double unit) {
    return of > 0 ? std::optional(unit * static_cast<double>(n) / static_cast<double>(of)) : std::nullopt;
  };
  out.field("samples", c.looks);
  out.field("samples_of_all", c.looks_at_all);
  out.field("missed", c.missed);
  out.field("goroutines_per_sample", per(c.goroutines_seen, c.looks, 1));
  out.field("resolution_ns", per(c.time_ns, c.looks, 1));
  out.field("of_one_cpu_percent", per(c.cpu_ns, c.time_ns, 100));
}

void run_sampling_fields(JsonWriter& out, const SamplingFacts& c) {
  out.field("samples", c.looks);
  out.field("missed", c.missed);
  out.field("of_one_cpu_percent", c.time_ns > 0 ? std::optional(100 * static_cast<double>(c.cpu_ns) /
                                                                static_cast<double>(c.time_ns))
                                                : std::nullopt);
}

void notices_field(JsonWriter& out, const StatFacts& facts) {
  out.array_field("notices", facts.notices, [&](const std::string& notice) { out.value(notice); });
}

}  // namespace gorotrace
