#include "report/table_json.h"

#include "report/frames.h"

namespace gorotrace {
namespace {

std::uint64_t since(std::uint64_t at, std::uint64_t begin) {
  return at > begin ? at - begin : 0;
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

Json sampled_json(const std::optional<SampledTime>& t) {
  if (!t) return nullptr;
  return {{"ns", t->ns}, {"error_ns", t->error_ns}, {"proven_ns", t->proven_ns}};
}

}  // namespace

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

Json blocking_json(const JsonContext& c) {
  const TableTrust waits = table_trust(TableKind::kBlocking, c.facts, c.tables),
                   calls = table_trust(TableKind::kSyscallSites, c.facts, c.tables);
  Json out = Json::array();
  for (const BlockingRow* row : blocking_rows(c.tables, c.options.system)) {
    const TableTrust& t = row->in_syscall ? calls : waits;
    const TableTrust own = row_trust(*row, t);
    // The census cannot know how many short waits there were, nor how those it saw ended.
    const bool counts = own.engine != Engine::kCensus;
    const auto seen = [&](std::uint64_t n) {
      return counts && (t.probed() || n > 0) ? Json(n) : Json(nullptr);
    };
    Json j = {{"reason", reason_name(*row, c.facts)},
              {"stack", frames_json(c.symbols.stack(row->stack))},
              {"stack_id", row->stack},
              {"truncated", c.symbols.truncated(row->stack)},
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
    j["wakers"] = wakers_json(row->wakers, c.symbols);
    j["wakers_other"] = row->wakers_other;
    add_trust(j, own, c.facts.begin_ns);
    out.push_back(std::move(j));
  }
  return out;
}

Json creation_json(const JsonContext& c) {
  const TableTrust t = table_trust(TableKind::kCreation, c.facts, c.tables);
  Json out = Json::array();
  for (const CreationRow* row : creation_rows(c.tables, c.options.system)) {
    Json stacks = Json::array();
    for (const CreationRow::Stack& s : row->stacks) {
      stacks.push_back({{"stack", frames_json(c.symbols.stack(s.stack))}, {"created", s.created}});
    }
    const auto seen = [&](std::uint64_t n) { return t.probed() || n > 0 ? Json(n) : Json(nullptr); };
    const Frame start = c.symbols.frames(row->startpc, PcKind::kExact).back();
    out.push_back({{"function", start.function},
                   {"startpc", row->startpc},
                   {"gopc", row->gopc},
                   {"site", is_main_goroutine(start)
                                ? Json::array()
                                : frames_json(c.symbols.frames(row->gopc, PcKind::kReturnAddress))},
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
    add_trust(out.back(), t, c.facts.begin_ns);
  }
  return out;
}

Json objects_json(const JsonContext& c) {
  const ObjectCoverage coverage = object_coverage(c.facts, c.tables);
  Json out = Json::array();
  for (const ObjectRow* row : object_rows(c.tables)) {
    const bool channel = row->kind == ObjectRow::Kind::kChannel;
    const ObjectFigures figures = object_figures(*row, coverage);
    out.push_back({{"kind", channel ? "channel" : "semaphore"},
                   {"address", row->address},
                   {"waits", nullable(figures.waits)},
                   {"selects", nullable(figures.selects)},
                   {"in_window_ns", nullable(figures.in_window_ns)},
                   {"blocked_now", nullable(figures.blocked_now)},
                   {"sends", nullable(figures.sends)},
                   {"receives", nullable(figures.receives)},
                   {"closes", nullable(figures.closes)},
                   {"would_block", nullable(figures.would_block)},
                   {"acquires", nullable(figures.acquires)},
                   {"releases", nullable(figures.releases)},
                   {"releasers", wakers_json(row->releasers, c.symbols)}});
    add_trust(out.back(), channel ? coverage.channels.trust : coverage.semaphores.trust, c.facts.begin_ns);
  }
  return out;
}

Json latency_json(const JsonContext& c) {
  const TableTrust t = table_trust(TableKind::kLatency, c.facts, c.tables);
  const auto seen = [&](std::uint64_t n) { return t.probed() || n > 0 ? Json(n) : Json(nullptr); };
  const Histogram& h = c.tables.latency.histogram;
  Json out = {{"count", seen(h.count())}, {"inferred", seen(c.tables.latency.inferred)}};
  add_durations(out, h);
  Json buckets = Json::array();
  for (const Histogram::Bucket& b : h.by_powers_of_two()) {
    buckets.push_back({{"upper_ns", b.upper_ns}, {"count", b.count}});
  }
  out["histogram"] = std::move(buckets);
  add_trust(out, t, c.facts.begin_ns);
  return out;
}

}  // namespace gorotrace
