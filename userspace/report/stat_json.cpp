#include "report/stat_json.h"

#include <fmt/format.h>

#include "report/facts_json.h"
#include "report/table_json.h"

namespace gorotrace {
namespace {

std::uint64_t since(std::uint64_t at, std::uint64_t begin) {
  return at > begin ? at - begin : 0;
}

Json trust_json(const TableTrust& trust, std::uint64_t begin_ns) {
  Json out = Json::object();
  add_trust(out, trust, begin_ns);
  return out;
}

class Summary {
 public:
  Summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols, const StatJsonOptions& options)
      : facts_(facts), tables_(tables), c_{facts, tables, symbols, options} {}

  Json build() {
    Json out = {
        {"type", "summary"},
        {"target", target_json(facts_.target)},
        {"begin_ns", facts_.begin_ns},
        {"window_ns", since(facts_.end_ns, facts_.begin_ns)},
        {"ended_by", facts_.ended_by.empty() ? Json(nullptr) : Json(facts_.ended_by)},
        {"groups", {{"requested", groups_json(facts_.requested)}, {"on", groups_json(facts_.on_at_end)}}}};
    out["goroutine_seconds"] = goroutine_seconds();
    out["goroutines"] = goroutines();
    out["blocking"] = blocking_json(c_);
    out["creation"] = creation_json(c_);
    out["objects"] = objects_json(c_);
    out["latency"] = latency_json(c_);
    out["syscalls"] = syscalls();
    Json meta = Json::object();
    meta["blocking"] = trust_json(trust(TableKind::kBlocking), facts_.begin_ns);
    meta["syscall_sites"] = trust_json(trust(TableKind::kSyscallSites), facts_.begin_ns);
    meta["creation"] = trust_json(trust(TableKind::kCreation), facts_.begin_ns);
    meta["objects"] = trust_json(trust(TableKind::kObjects), facts_.begin_ns);
    out["tables"] = meta;
    out["events"] = events();
    out["cost"] = cost_json(facts_);
    out["census"] = census();
    out["witness"] = witness();
    out["notices"] = facts_.notices;
    return out;
  }

 private:
  [[nodiscard]] TableTrust trust(TableKind kind) const { return table_trust(kind, facts_, tables_); }

  Json goroutine_seconds() const {
    const auto seconds = [&](GState s) {
      return static_cast<double>(tables_.state_ns[static_cast<std::size_t>(s)]) / 1e9;
    };
    Json out = {{"running", seconds(GState::kRunning)},
                {"runnable", seconds(GState::kRunnable)},
                {"waiting", seconds(GState::kWaiting)},
                {"syscall", seconds(GState::kSyscall)},
                {"unknown", seconds(GState::kUnknown)},
                {"live_integral", static_cast<double>(tables_.live_integral_ns) / 1e9},
                {"standard_error", nullptr}};
    if (!tables_.covered_by_census.empty()) {
      const auto error = [&](GState s) {
        return static_cast<double>(tables_.sampled_state[static_cast<std::size_t>(s)].error_ns) / 1e9;
      };
      out["standard_error"] = {{"running", error(GState::kRunning)},
                               {"runnable", error(GState::kRunnable)},
                               {"waiting", error(GState::kWaiting)},
                               {"syscall", error(GState::kSyscall)},
                               {"unknown", error(GState::kUnknown)}};
    }
    add_trust(out, trust(TableKind::kGoroutineSeconds), facts_.begin_ns);
    return out;
  }

  Json goroutines() const {
    const CreatedExited counted = created_exited(facts_, tables_);
    const TableTrust t = trust(TableKind::kGoroutines);
    Json out = {{"live", tables_.live},
                {"created", nullable(counted.created)},
                {"exited", nullable(counted.exited)},
                {"system", tables_.system},
                {"created_system", t.probed() ? Json(tables_.created_system) : Json(nullptr)},
                {"exited_system", t.probed() ? Json(tables_.exited_system) : Json(nullptr)},
                {"live_at_start", nullable(facts_.live_at_start)},
                {"of_c_threads", tables_.of_c_threads},
                {"of_c_threads_at_start", facts_.of_c_threads_at_start},
                {"live_discrepancy", nullable(live_discrepancy(facts_, tables_))}};
    add_trust(out, t, facts_.begin_ns);
    if (!t.probed() && counted.created) out["engine"] = engine_name(counted.engine);
    return out;
  }

  Json syscalls() const {
    const SyscallCount s = syscall_count(facts_, tables_);
    Json out = {{"count", nullable(s.count)},
                {"source", s.count ? Json(engine_name(s.source)) : Json(nullptr)}};
    TableTrust t = trust(TableKind::kSyscallSites);
    if (s.count && s.source == Engine::kCounters) {
      t.engine = Engine::kCounters;
      // RuntimeCounters::syscalls: some calls are counted twice.
      t.quality =
          facts_.counters_begin->settled && facts_.counters_end->settled ? "upper bound" : "estimated";
      t.covered = {{facts_.begin_ns, facts_.end_ns}};
    }
    add_trust(out, t, facts_.begin_ns);
    return out;
  }

  Json events() const {
    Json out = events_json(facts_.events);
    out.update({{"gaps", tables_.gaps},
                {"late", tables_.late},
                {"illegal", tables_.illegal},
                {"table_overflow", tables_.table_overflow}});
    return out;
  }

  Json census() const {
    Json out = census_json(facts_);
    if (out.is_null()) return out;
    out["covered"] = Json::array();
    for (const Interval& i : tables_.covered_by_census) {
      out["covered"].push_back({since(i.from_ns, facts_.begin_ns), since(i.to_ns, facts_.begin_ns)});
    }
    return out;
  }

  Json witness() const {
    if (!facts_.witness) return nullptr;
    const WitnessVerdict v = judge(*facts_.witness);
    const auto figure = [](const WitnessFigure& f) {
      return Json{
          {"counters", f.counters}, {"probes", {f.low, f.high}}, {"verdict", verdict_name(f.verdict)}};
    };
    return {{"settled", facts_.witness->begin.settled && facts_.witness->end.settled},
            {"live", facts_.witness->end.live},
            {"system", facts_.witness->end.system},
            {"created", figure(v.created)},
            {"exited", figure(v.exited)}};
  }

  const StatFacts& facts_;
  const Tables& tables_;
  JsonContext c_;
};

Json rate_json(const std::optional<Rate>& rate) {
  if (!rate) return nullptr;
  return {{"count", rate->count}, {"per_s", rate->per_s}, {"engine", engine_name(rate->engine)}};
}

}  // namespace

std::string stat_interval_json(const IntervalRow& row, const TargetFacts& target,
                               std::uint64_t window_begin_ns) {
  const Json out = {{"type", "interval"},
                    {"target", target_json(target)},
                    {"from_ns", since(row.from_ns, window_begin_ns)},
                    {"to_ns", since(row.to_ns, window_begin_ns)},
                    {"live", row.live},
                    {"live_engine", engine_name(row.live_engine)},
                    {"created", rate_json(row.created)},
                    {"exited", rate_json(row.exited)},
                    {"parks", rate_json(row.parks)},
                    {"unparks", rate_json(row.unparks)},
                    {"syscalls", rate_json(row.syscalls)},
                    {"runnable", row.runnable},
                    {"cost",
                     {{"hits", row.hits},
                      {"target_cpu_percent", nullable(row.target_cpu_percent)},
                      {"of_one_cpu_percent", row.of_one_cpu_percent}}},
                    {"lost", row.lost},
                    {"groups", groups_json(row.groups)}};
  return json_text(out);
}

std::string stat_summary_json(const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                              const StatJsonOptions& options) {
  return json_text(Summary(facts, tables, symbols, options).build());
}

}  // namespace gorotrace
