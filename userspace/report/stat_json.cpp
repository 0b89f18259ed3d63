#include "report/stat_json.h"

#include <fmt/format.h>

#include "report/json.h"
#include "report/trust.h"

namespace gorotrace {
namespace {

std::uint64_t since(std::uint64_t at, std::uint64_t begin) {
  return at > begin ? at - begin : 0;
}

Json groups_json(GroupMask mask) {
  Json out = Json::array();
  for (unsigned g = 0; g < GT_GROUP_COUNT; ++g) {
    if ((mask & (1u << g)) != 0) out.push_back(group_name(static_cast<gt_group>(g)));
  }
  return out;
}

const char* waker_kind(WakerKind kind) {
  switch (kind) {
    case WakerKind::kGoroutine:
      return "goroutine";
    case WakerKind::kTimer:
      return "timer";
    case WakerKind::kNetpoll:
      return "netpoll";
    case WakerKind::kGc:
      return "gc";
    case WakerKind::kRuntime:
      return "runtime";
  }
  return "runtime";
}

Json wakers_json(const std::vector<WakerRow>& wakers, Symbolizer& symbols) {
  Json out = Json::array();
  for (const WakerRow& w : wakers) {
    out.push_back(
        {{"kind", waker_kind(w.kind)}, {"stack", frames_json(symbols.stack(w.stack))}, {"count", w.count}});
  }
  return out;
}

void add_durations(Json& out, const Histogram& h) {
  const bool any = h.count() > 0;
  out["mean_ns"] = any ? Json(h.total() / h.count()) : Json(nullptr);
  out["p50_ns"] = nullable(h.quantile(0.5));
  out["p99_ns"] = nullable(h.quantile(0.99));
  out["max_ns"] = any ? Json(h.max()) : Json(nullptr);
}

void add_trust(Json& out, const TableTrust& trust, std::uint64_t begin_ns) {
  out["engine"] = engine_name(trust.engine);
  out["quality"] = trust.quality;
  out["covered"] = Json::array();
  for (const Interval& i : trust.covered) {
    out["covered"].push_back({since(i.from_ns, begin_ns), since(i.to_ns, begin_ns)});
  }
  if (trust.covered_by_census.empty()) return;
  out["covered_by_census"] = Json::array();
  for (const Interval& i : trust.covered_by_census) {
    out["covered_by_census"].push_back({since(i.from_ns, begin_ns), since(i.to_ns, begin_ns)});
  }
}

Json sampled_json(const std::optional<SampledTime>& t) {
  if (!t) return nullptr;
  return {{"ns", t->ns}, {"error_ns", t->error_ns}, {"proven_ns", t->proven_ns}};
}

Json trust_json(const TableTrust& trust, std::uint64_t begin_ns) {
  Json out = Json::object();
  add_trust(out, trust, begin_ns);
  return out;
}

class Summary {
 public:
  Summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols, const StatJsonOptions& options)
      : facts_(facts), tables_(tables), symbols_(symbols), options_(options) {}

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
    out["blocking"] = blocking();
    out["creation"] = creation();
    out["objects"] = objects();
    out["latency"] = latency();
    out["syscalls"] = syscalls();
    Json meta = Json::object();
    meta["blocking"] = trust_json(trust(TableKind::kBlocking), facts_.begin_ns);
    meta["syscall_sites"] = trust_json(trust(TableKind::kSyscallSites), facts_.begin_ns);
    meta["creation"] = trust_json(trust(TableKind::kCreation), facts_.begin_ns);
    meta["objects"] = trust_json(trust(TableKind::kObjects), facts_.begin_ns);
    out["tables"] = meta;
    out["events"] = events();
    out["cost"] = cost();
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

  Json blocking() {
    const TableTrust waits = trust(TableKind::kBlocking), calls = trust(TableKind::kSyscallSites);
    Json out = Json::array();
    for (const BlockingRow* row : blocking_rows(tables_, options_.system)) {
      const TableTrust& t = row->in_syscall ? calls : waits;
      const TableTrust own = row_trust(*row, t);
      // The census cannot know how many short waits there were, nor how those it saw ended.
      const bool counts = own.engine != Engine::kCensus;
      const auto seen = [&](std::uint64_t n) {
        return counts && (t.probed() || n > 0) ? Json(n) : Json(nullptr);
      };
      Json j = {{"reason", reason_name(*row, facts_)},
                {"stack", frames_json(symbols_.stack(row->stack))},
                {"stack_id", row->stack},
                {"truncated", symbols_.truncated(row->stack)},
                {"system", row->system},
                {"count", seen(row->waits.count())},
                {"total_ns", row->waits.count() > 0 ? Json(row->waits.total()) : Json(nullptr)}};
      add_durations(j, row->waits);
      j["ended_unknown"] = seen(row->ended_unknown);
      j["tainted"] = seen(row->tainted);
      j["in_window_ns"] = row->sampled ? Json(row->in_window_ns) : seen(row->in_window_ns);
      j["sampled"] = sampled_json(row->sampled);
      if (row->sampled) {
        const Histogram& h = row->long_waits;
        j["sampled"]["long_waits"] = {{"count", h.count()},
                                      {"total_ns", h.total()},
                                      {"max_ns", h.count() > 0 ? Json(h.max()) : Json(nullptr)}};
      }
      j["blocked_now"] = row->blocked_now;
      j["oldest_ns"] = nullable(row->oldest_ns);
      j["oldest_is_lower_bound"] = row->oldest_is_lower_bound;
      j["wakers"] = wakers_json(row->wakers, symbols_);
      j["wakers_other"] = row->wakers_other;
      add_trust(j, own, facts_.begin_ns);
      out.push_back(std::move(j));
    }
    return out;
  }

  Json creation() {
    const TableTrust t = trust(TableKind::kCreation);
    Json out = Json::array();
    for (const CreationRow* row : creation_rows(tables_, options_.system)) {
      Json stacks = Json::array();
      for (const CreationRow::Stack& s : row->stacks) {
        stacks.push_back({{"stack", frames_json(symbols_.stack(s.stack))}, {"created", s.created}});
      }
      const auto seen = [&](std::uint64_t n) { return t.probed() || n > 0 ? Json(n) : Json(nullptr); };
      out.push_back({{"function", symbols_.frames(row->startpc, PcKind::kExact).back().function},
                     {"startpc", row->startpc},
                     {"gopc", row->gopc},
                     {"site", frames_json(symbols_.frames(row->gopc, PcKind::kReturnAddress))},
                     {"stacks", std::move(stacks)},
                     {"system", row->system},
                     {"live", row->live},
                     {"created", seen(row->created)},
                     {"exited", seen(row->exited)},
                     {"created_per_s", t.probed() ? Json(static_cast<double>(row->created) * 1e9 /
                                                         static_cast<double>(t.covered_ns))
                                                  : Json(nullptr)},
                     {"oldest_ns", nullable(row->oldest_ns)},
                     {"oldest_is_lower_bound", row->oldest_is_lower_bound},
                     {"sampled", sampled_json(row->sampled)}});
      add_trust(out.back(), t, facts_.begin_ns);
    }
    return out;
  }

  Json objects() {
    Json out = Json::array();
    for (const ObjectRow* row : object_rows(tables_)) {
      const bool channel = row->kind == ObjectRow::Kind::kChannel;
      const ObjectFigures figures = object_figures(*row, facts_, tables_);
      out.push_back({{"kind", channel ? "channel" : "semaphore"},
                     {"address", row->address},
                     {"waits", nullable(figures.waits)},
                     {"in_window_ns", nullable(figures.in_window_ns)},
                     {"sends", nullable(figures.sends)},
                     {"receives", nullable(figures.receives)},
                     {"closes", nullable(figures.closes)},
                     {"would_block", nullable(figures.would_block)},
                     {"acquires", nullable(figures.acquires)},
                     {"releases", nullable(figures.releases)},
                     {"releasers", wakers_json(row->releasers, symbols_)}});
      add_trust(out.back(), figures.trust, facts_.begin_ns);
    }
    return out;
  }

  Json latency() const {
    const TableTrust t = trust(TableKind::kLatency);
    const auto seen = [&](std::uint64_t n) { return t.probed() || n > 0 ? Json(n) : Json(nullptr); };
    const Histogram& h = tables_.latency.histogram;
    Json out = {{"count", seen(h.count())}, {"inferred", seen(tables_.latency.inferred)}};
    add_durations(out, h);
    Json buckets = Json::array();
    for (const Histogram::Bucket& b : h.by_powers_of_two()) {
      buckets.push_back({{"upper_ns", b.upper_ns}, {"count", b.count}});
    }
    out["histogram"] = std::move(buckets);
    add_trust(out, t, facts_.begin_ns);
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
    const EventFacts& e = facts_.events;
    Json by_reason = Json::object(), stacks = Json::object();
    for (const auto& [reason, n] : e.dropped) by_reason[reason] = n;
    for (const auto& [reason, n] : e.stack_failed) stacks[reason] = n;
    return {{"produced", e.produced},
            {"received", e.received},
            {"dropped", e.dropped_total()},
            {"by_reason", std::move(by_reason)},
            {"stack_failed", std::move(stacks)},
            {"gaps", tables_.gaps},
            {"late", tables_.late},
            {"illegal", tables_.illegal},
            {"table_overflow", tables_.table_overflow}};
  }

  Json cost() const {
    const CostFacts& c = facts_.cost;
    const std::uint64_t window = since(facts_.end_ns, facts_.begin_ns);
    const auto percent = [&](std::uint64_t of) {
      return of > 0 ? Json(100 * c.charged_ns / static_cast<double>(of)) : Json(nullptr);
    };
    Json detached = Json::array();
    for (const Detachment& d : facts_.detached) {
      detached.push_back(
          {{"group", group_name(d.group)}, {"at_ns", since(d.at_ns, facts_.begin_ns)}, {"reason", d.reason}});
    }
    return {
        {"hits", c.hits},
        {"charged_ns", c.charged_ns},
        {"target_cpu_percent", percent(c.target_cpu_ns)},
        {"of_one_cpu_percent", percent(window)},
        {"calibrated_ns",
         {{"emulated", facts_.calibrated.emulated_ns}, {"single_step", facts_.calibrated.single_step_ns}}},
        {"detached", std::move(detached)},
        {"quality", "estimated"}};
  }

  Json census() const {
    if (!facts_.census) return nullptr;
    const CensusFacts& c = *facts_.census;
    const auto per = [](std::uint64_t n, std::uint64_t of, double unit) {
      return of > 0 ? Json(unit * static_cast<double>(n) / static_cast<double>(of)) : Json(nullptr);
    };
    Json covered = Json::array();
    for (const Interval& i : tables_.covered_by_census) {
      covered.push_back({since(i.from_ns, facts_.begin_ns), since(i.to_ns, facts_.begin_ns)});
    }
    return {{"looks", c.looks},
            {"looks_at_all", c.looks_at_all},
            {"missed", c.missed},
            {"slots_per_look", per(c.goroutines_seen, c.looks, 1)},
            {"without_stack", c.without_stack},
            {"resolution_ns", per(c.time_ns, c.looks, 1)},
            {"of_one_cpu_percent", per(c.cpu_ns, c.time_ns, 100)},
            {"covered", std::move(covered)}};
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
  Symbolizer& symbols_;
  const StatJsonOptions& options_;
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
