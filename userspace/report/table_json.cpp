#include "report/table_json.h"

#include <algorithm>
#include <span>

#include "evidence/object_identity.h"
#include "report/chain_json.h"
#include "report/frames.h"
#include "report/json_parts.h"
#include "report/origin_text.h"

namespace gorotrace {

void stack_field(JsonWriter& out, std::string_view name, std::uint64_t id, const JsonContext& c) {
  out.key(name);
  c.options.stack(out, c.symbols.stack(id));
}

namespace {

void wakers_field(JsonWriter& out, std::string_view name, const std::vector<WakerRow>& wakers,
                  const JsonContext& c) {
  out.array_field(name, wakers, [&](const WakerRow& w) {
    out.object([&] {
      out.field("kind", name_of(w.kind));
      stack_field(out, "stack", w.stack, c);
      out.field("count", w.count);
    });
  });
}

void sampled_fields(JsonWriter& out, const SampledTime& t) {
  out.field("ns", t.ns);
  out.field("error_ns", t.error_ns);
  out.field("proven_ns", t.proven_ns);
}

std::optional<std::uint64_t> count_if(bool seen, std::uint64_t n) {
  return seen ? std::optional(n) : std::nullopt;
}

void row_trust_fields(JsonWriter& out, const TableTrust& trust, const JsonContext& c) {
  if (c.options.rows_say_coverage) return trust_fields(out, trust, c.facts.begin_ns);
  out.field("engine", name_of(trust.engine));
  out.field("quality", name_of(trust.quality));
}

template <typename Row>
std::span<const Row> first(const std::vector<Row>& rows, std::size_t most) {
  return std::span(rows).first(most == 0 ? rows.size() : std::min(rows.size(), most));
}

// Of the label that rows are folded by.
void label_field(JsonWriter& out, const JsonContext& c, const BlockingRow& row) {
  const bool asked = c.options.rows.by == FoldBy::kLabel;
  out.object_field("label", asked ? std::optional(row.label) : std::nullopt, [&](LabelId id) {
    const auto value = c.tables.label_values.find(id);
    out.field("key", c.options.rows.label_key);
    out.field("known", name_of(label_known(id)));
    out.field("value", value != c.tables.label_values.end() ? std::optional(value->second) : std::nullopt);
  });
}

void blocking_row(JsonWriter& out, const JsonContext& c, const BlockingRow& row, const TableTrust& table) {
  const TableTrust own = row_trust(row, table);
  // Sampling cannot know how many short waits there were, nor how those it saw ended.
  const bool counts = own.engine != Engine::kSampling;
  const auto seen = [&](std::uint64_t n) { return count_if(counts && (table.probed() || n > 0), n); };
  const bool any = row.waits.count() > 0;
  out.field("reason", reason_name(row, c.facts));
  stack_field(out, "stack", row.stack, c);
  out.name_field("stack_id", c.stacks.name(row.stack));
  out.field("truncated", c.symbols.truncated(row.stack));
  out.field("other_stacks", row.folded);
  label_field(out, c, row);
  out.field("system", row.system);
  out.field("count", seen(row.waits.count()));
  out.field("total_ns", count_if(any, row.waits.total()));
  duration_fields(out, row.waits);
  out.object_field("whole_window", row.begun, [&](const EstimatedCount& begun) {
    out.field("count", begun.count);
    out.field("standard_error", begun.error);
    out.field("mean_ns", mean_wait_ns(row));
    out.field("goes_by", name_of(begun.by));
    out.field("phases", c.tables.phases ? c.tables.phases->count : 0);
    out.field("engine", name_of(Engine::kProbes));
    out.field("quality", name_of(quality_of(begun)));
    intervals_field(out, "covered", {c.tables.phases.value_or(CountedPhases{}).window}, c.facts.begin_ns);
  });
  out.field("ended_unknown", seen(row.ended_unknown));
  out.field("tainted", seen(row.tainted));
  out.field("in_window_ns", row.sampled ? row.in_window_ns : seen(row.in_window_ns));
  out.object_field("sampled", row.sampled, [&](const SampledTime& sampled) {
    sampled_fields(out, sampled);
    const Histogram& h = row.long_waits;
    out.object_field("long_waits", [&] {
      out.field("count", h.count());
      out.field("total_ns", h.total());
      out.field("max_ns", count_if(h.count() > 0, h.max()));
    });
  });
  out.field("blocked_now", row.blocked_now);
  out.field("oldest_ns", row.oldest_ns);
  out.field("oldest_is_lower_bound", row.oldest_is_lower_bound);
  wakers_field(out, "wakers", row.wakers, c);
  out.field("wakers_other", row.wakers_other);
  row_trust_fields(out, own, c);
}

void creation_row(JsonWriter& out, const JsonContext& c, const CreationRow& row, const TableTrust& table) {
  const auto seen = [&](std::uint64_t n) { return count_if(table.probed() || n > 0, n); };
  const Frame start = c.symbols.frames(row.startpc, PcKind::kExact).back();
  out.field("function", start.function);
  out.field("startpc", row.startpc);
  out.field("gopc", row.gopc);
  const bool by_runtime = is_main_goroutine(start);
  out.field("by_runtime", by_runtime);
  out.key("site");
  c.options.stack(out,
                  by_runtime ? std::vector<Frame>{} : c.symbols.frames(row.gopc, PcKind::kReturnAddress));
  out.array_field("stacks", first(row.stacks, c.options.most_in_row), [&](const CreationRow::Stack& s) {
    out.object([&] {
      stack_field(out, "stack", s.stack, c);
      out.field("created", s.created);
    });
  });
  out.array_field("origins", first(row.origins, c.options.most_in_row), [&](const CreationRow::Origin& o) {
    out.object([&] {
      out.field("live", o.live);
      out.field("created", seen(o.created));
      out.key("chain");
      chain_json(out, chain_of(o, c.symbols), c.options.stack, c.options.stack);
    });
  });
  out.field("system", row.system);
  out.field("live", row.live);
  out.field("created", seen(row.created));
  out.field("exited", seen(row.exited));
  const bool told = has_figure(GState::kRunnable, c.facts, c.tables);
  out.field("runnable_now", count_if(told, row.runnable_now));
  out.field("runnable_ns", count_if(told, row.runnable_ns));
  out.field("created_per_s", table.probed() ? std::optional(static_cast<double>(row.created) * 1e9 /
                                                            static_cast<double>(table.covered_ns))
                                            : std::nullopt);
  out.field("oldest_ns", row.oldest_ns);
  out.field("oldest_is_lower_bound", row.oldest_is_lower_bound);
  out.object_field("sampled", row.sampled, [&](const SampledTime& t) { sampled_fields(out, t); });
  row_trust_fields(out, table, c);
}

void object_row(JsonWriter& out, const JsonContext& c, const ObjectRow& row, const ObjectCoverage& coverage) {
  const bool channel = row.kind == ObjectRow::Kind::kChannel;
  const ObjectFigures figures = object_figures(row, coverage);
  out.field("kind", name_of(row.kind));
  out.field("address", row.address);
  const ObjectIdentity object = object_identity(row, c.facts, c.symbols);
  out.object_field("object", [&] {
    out.field("kind", object.kind);
    out.field("address", object.address);
  });
  out.field("waits", figures.waits);
  out.field("selects", figures.selects);
  out.field("in_window_ns", figures.in_window_ns);
  out.field("blocked_now", figures.blocked_now);
  out.field("sends", figures.sends);
  out.field("receives", figures.receives);
  out.field("closes", figures.closes);
  out.field("would_block", figures.would_block);
  out.field("acquires", figures.acquires);
  out.field("releases", figures.releases);
  wakers_field(out, "releasers", row.releasers, c);
  row_trust_fields(out, channel ? coverage.channels.trust : coverage.semaphores.trust, c);
}

}  // namespace

void duration_fields(JsonWriter& out, const Histogram& h) {
  const bool any = h.count() > 0;
  out.field("mean_ns", any ? std::optional(h.total() / h.count()) : std::nullopt);
  out.field("p50_ns", h.quantile(0.5));
  out.field("p99_ns", h.quantile(0.99));
  out.field("max_ns", any ? std::optional(h.max()) : std::nullopt);
}

void histogram_field(JsonWriter& out, const Histogram& h) {
  out.array_field("histogram", h.by_powers_of_two(), [&](const Histogram::Bucket& b) {
    out.object([&] {
      out.field("upper_ns", b.upper_ns);
      out.field("count", b.count);
    });
  });
}

void trust_fields(JsonWriter& out, const TableTrust& trust, std::uint64_t begin_ns) {
  out.field("engine", name_of(trust.engine));
  out.field("quality", name_of(trust.quality));
  intervals_field(out, "covered", trust.covered, begin_ns);
  if (!trust.covered_by_sampling.empty())
    intervals_field(out, "covered_by_sampling", trust.covered_by_sampling, begin_ns);
}

void blocking_json(JsonWriter& out, const JsonContext& c) {
  const TableTrust waits = table_trust(TableKind::kBlocking, c.facts, c.tables),
                   calls = table_trust(TableKind::kSyscallSites, c.facts, c.tables);
  out.array(c.rows.blocking, [&](const BlockingRow& row) {
    out.object([&] { blocking_row(out, c, row, row.in_syscall ? calls : waits); });
  });
}

void creation_json(JsonWriter& out, const JsonContext& c) {
  const TableTrust trust = table_trust(TableKind::kCreation, c.facts, c.tables);
  out.array(c.rows.creation,
            [&](const CreationRow* row) { out.object([&] { creation_row(out, c, *row, trust); }); });
}

void objects_json(JsonWriter& out, const JsonContext& c) {
  const ObjectCoverage coverage = object_coverage(c.facts, c.tables);
  const std::vector<const ObjectRow*> rows = object_rows(c.tables);
  out.array(first(rows, c.options.most_rows),
            [&](const ObjectRow* row) { out.object([&] { object_row(out, c, *row, coverage); }); });
}

void latency_json(JsonWriter& out, const JsonContext& c) {
  const TableTrust t = table_trust(TableKind::kLatency, c.facts, c.tables);
  const Histogram* timed = latencies(c.facts, c.tables);
  const Histogram h = timed != nullptr ? *timed : Histogram();
  const bool by_runtime = t.engine == Engine::kCounters;
  out.object([&] {
    out.field("count", count_if(timed != nullptr, h.count()));
    out.field("inferred", count_if(!by_runtime && (t.probed() || c.tables.latency.inferred > 0),
                                   c.tables.latency.inferred));
    out.field("sampled_one_in", count_if(by_runtime, kRuntimeTimesOneIn));
    duration_fields(out, h);
    // Of the probes' latencies, and of those alone.
    const bool knows = knows_pauses(c.facts, c.tables);
    out.field("stopped_ns", count_if(knows, c.tables.latency.stopped_ns));
    out.field("held_up", count_if(knows, c.tables.latency.held_up));
    histogram_field(out, h);
    trust_fields(out, t, c.facts.begin_ns);
  });
}

}  // namespace gorotrace
