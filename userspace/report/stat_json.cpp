#include "report/stat_json.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "report/facts_json.h"
#include "report/json_parts.h"
#include "report/table_json.h"

namespace gorotrace {
namespace {

class Summary {
 public:
  Summary(JsonWriter& out, const JsonContext& context)
      : out_(out), facts_(context.facts), tables_(context.tables), c_(context) {}

  void write() {
    out_.field("type", "summary");
    out_.object_field("target", [&] { target_fields(out_, facts_.target); });
    out_.field("begin_ns", facts_.begin_ns);
    out_.field("window_ns", since(facts_.end_ns, facts_.begin_ns));
    out_.name_field("ended_by", facts_.ended_by);
    process_end_json(out_, c_);
    out_.object_field("groups", [&] {
      groups_field(out_, "requested", facts_.requested);
      groups_field(out_, "on", facts_.on_at_end);
    });
    out_.object_field("goroutine_seconds", [&] { goroutine_seconds(); });
    out_.object_field("goroutines", [&] { goroutines(); });
    out_.key("blocking");
    blocking_json(out_, c_);
    out_.key("creation");
    creation_json(out_, c_);
    out_.key("objects");
    objects_json(out_, c_);
    out_.key("latency");
    latency_json(out_, c_);
    panics_json(out_, c_);
    out_.key("pauses");
    pauses_json(out_, c_);
    out_.object_field("syscalls", [&] { syscalls(); });
    out_.object_field("tables", [&] {
      trust_field("blocking", TableKind::kBlocking);
      trust_field("syscall_sites", TableKind::kSyscallSites);
      trust_field("creation", TableKind::kCreation);
      trust_field("objects", TableKind::kObjects);
    });
    out_.object_field("events", [&] { events(); });
    const std::uint64_t cost_to =
        c_.options.lack == nullptr ? facts_.end_ns : c_.options.lack->cost_to(facts_.end_ns);
    cost_field(out_, facts_, since(cost_to, facts_.begin_ns));
    out_.object_field("sampling", facts_.sampling, [&](const SamplingFacts& c) {
      sampling_fields(out_, c);
      out_.field("without_stack", c.without_stack);
      intervals_field(out_, "covered", tables_.covered_by_sampling, facts_.begin_ns);
    });
    out_.object_field("run_sampling", facts_.run_sampling,
                      [&](const SamplingFacts& c) { run_sampling_fields(out_, c); });
    out_.object_field("cross_check", facts_.cross_check, [&](const CrossCheck& w) { cross_check(w); });
    notices_field(out_, facts_);
    file_damage();
  }

 private:
  [[nodiscard]] TableTrust trust(TableKind kind) const { return table_trust(kind, facts_, tables_); }
  void trust_field(std::string_view name, TableKind kind) {
    out_.object_field(name, [&] { trust_fields(out_, trust(kind), facts_.begin_ns); });
  }

  template <typename Nanoseconds>
  void seconds_of_states(const Nanoseconds& ns) {
    for (const GState state : {GState::kRunning, GState::kRunnable, GState::kAwake, GState::kWaiting,
                               GState::kSyscall, GState::kUnknown}) {
      const double seconds = static_cast<double>(ns(static_cast<std::size_t>(state))) / 1e9;
      out_.field(name_of(state), has_figure(state, facts_, tables_) ? std::optional(seconds) : std::nullopt);
    }
  }

  void goroutine_seconds() {
    seconds_of_states([&](std::size_t state) { return tables_.state_ns[state]; });
    out_.field("live_integral", static_cast<double>(tables_.live_integral_ns) / 1e9);
    if (tables_.covered_by_sampling.empty()) {
      out_.field("standard_error", nullptr);
    } else {
      out_.object_field("standard_error", [&] {
        seconds_of_states([&](std::size_t state) { return tables_.sampled_state[state].error_ns; });
      });
    }
    out_.object_field("sampled_runs", tables_.runs, [&](const SampledRuns& runs) { sampled_runs(runs); });
    trust_fields(out_, trust(TableKind::kGoroutineSeconds), facts_.begin_ns);
  }

  void sampled_runs(const SampledRuns& runs) {
    const auto seconds = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e9; };
    const auto both = [&](std::uint64_t running, std::uint64_t runnable) {
      out_.field("running", seconds(running));
      out_.field("runnable", seconds(runnable));
    };
    both(runs.running.ns, runs.runnable.ns);
    out_.object_field("standard_error", [&] { both(runs.running.error_ns, runs.runnable.error_ns); });
    intervals_field(out_, "covered", runs.covered, facts_.begin_ns);
  }

  void goroutines() {
    const CreatedExited counted = created_exited(facts_, tables_);
    TableTrust t = trust(TableKind::kGoroutines);
    const bool by_probes = t.probed() && counted.engine == Engine::kProbes;
    const auto probed = [&](std::uint64_t n) { return by_probes ? std::optional(n) : std::nullopt; };
    out_.field("live", tables_.live);
    out_.field("created", counted.created);
    out_.field("exited", counted.exited);
    out_.field("system", tables_.system);
    out_.field("created_system", probed(tables_.created_system));
    out_.field("exited_system", probed(tables_.exited_system));
    out_.field("live_at_start", facts_.live_at_start);
    out_.field("of_c_threads", tables_.of_c_threads);
    out_.field("of_c_threads_at_start", facts_.of_c_threads_at_start);
    out_.field("live_discrepancy", live_discrepancy(facts_, tables_));
    if (!by_probes && counted.created) {
      t.engine = counted.engine;
      if (!t.covered.empty() || counted.partial) t.covered = counted.covered;
    }
    trust_fields(out_, t, facts_.begin_ns);
  }

  void file_damage() {
    const FileLack* lack = c_.options.lack;
    if (lack == nullptr || !lack->any()) return out_.field("file_damage", nullptr);
    const FileDamage& damage = lack->damage;
    out_.object_field("file_damage", [&] {
      out_.field("cut", damage.cut);
      out_.field("whole_to_byte", damage.whole_to);
      out_.field("cut_bytes", damage.cut_bytes);
      out_.field("chunks", damage.within());
      out_.field("bytes", damage.bytes_within());
      intervals_field(out_, "missing", lack->missing, facts_.begin_ns);
      out_.field("another_file_behind", damage.another);
      out_.object_field("beginning", lack->beginning, [&](const MissingBeginning& beginning) {
        out_.field("ns", beginning.ns);
        out_.field("lost", beginning.lost);
      });
      out_.field("session_told_ns",
                 lack->told_ns == 0 ? std::nullopt : std::optional(since(lack->told_ns, facts_.begin_ns)));
    });
  }

  void syscalls() {
    const SyscallCount s = syscall_count(facts_, tables_);
    out_.field("count", s.count);
    out_.name_field("source", s.count ? name_of(s.source) : "");
    TableTrust t = trust(TableKind::kSyscallSites);
    if (s.count && s.source == Engine::kCounters) {
      t.engine = Engine::kCounters;
      // RuntimeCounters::syscalls: some calls are counted twice.
      t.quality = facts_.counters_begin->settled && facts_.counters_end->settled ? Quality::kUpperBound
                                                                                 : Quality::kEstimated;
      t.covered = {{facts_.begin_ns, facts_.end_ns}};
    }
    trust_fields(out_, t, facts_.begin_ns);
  }

  void events() {
    events_fields(out_, facts_.events);
    out_.field("gaps", tables_.gaps);
    out_.field("late", tables_.late);
    out_.field("illegal", tables_.illegal);
    out_.field("table_overflow", tables_.table_overflow);
    out_.field("rows_folded", tables_.rows_folded);
    out_.field("without_stack", tables_.events_without_stack);
    out_.field("stacks_undefined", tables_.stacks_undefined);
  }

  void cross_check(const CrossCheck& w) {
    const CrossCheckVerdict v = judge(w);
    const auto figure = [&](std::string_view name, const CrossCheckFigure& f) {
      out_.object_field(name, [&] {
        out_.field("counters", f.counters);
        out_.array_field("probes", std::array{f.low, f.high}, [&](std::uint64_t n) { out_.value(n); });
        out_.field("verdict", name_of(f.verdict));
      });
    };
    out_.field("settled", w.begin.settled && w.end.settled);
    out_.field("live", w.end.live);
    out_.field("system", w.end.system);
    figure("created", v.created);
    figure("exited", v.exited);
  }

  JsonWriter& out_;
  const StatFacts& facts_;
  const Tables& tables_;
  const JsonContext& c_;
};

void rate_field(JsonWriter& out, std::string_view name, const std::optional<Rate>& rate) {
  out.object_field(name, rate, [&](const Rate& r) {
    out.field("count", r.count);
    out.field("per_s", r.per_s);
    out.field("engine", name_of(r.engine));
  });
}

}  // namespace

void stat_interval_json(JsonWriter& out, const IntervalRow& row, const TargetFacts& target,
                        std::uint64_t window_begin_ns) {
  out.object([&] {
    out.field("type", "interval");
    out.object_field("target", [&] { target_fields(out, target); });
    out.field("from_ns", since(row.from_ns, window_begin_ns));
    out.field("to_ns", since(row.to_ns, window_begin_ns));
    out.field("live", row.live);
    out.field("live_engine", name_of(row.live_engine));
    rate_field(out, "created", row.created);
    rate_field(out, "exited", row.exited);
    rate_field(out, "parks", row.parks);
    rate_field(out, "unparks", row.unparks);
    rate_field(out, "syscalls", row.syscalls);
    out.field("runnable", row.runnable);
    out.object_field("cost", [&] {
      out.field("hits", row.hits);
      out.field("target_cpu_percent", row.target_cpu_percent);
      out.field("of_one_cpu_percent", row.of_one_cpu_percent);
    });
    out.field("lost", row.lost);
    groups_field(out, "groups", row.groups);
  });
}

void stat_summary_json(JsonWriter& out, const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                       StackNumbers& stacks, const StatJsonOptions& options) {
  StatRows rows = stat_rows(facts, tables, symbols, options.rows);
  if (const std::size_t most = options.most_rows; most != 0) {
    rows.blocking.resize(std::min(rows.blocking.size(), most));
    rows.creation.resize(std::min(rows.creation.size(), most));
  }
  const JsonContext context{facts, tables, symbols, stacks, rows, options};
  out.object([&] { Summary(out, context).write(); });
}

}  // namespace gorotrace
