#include "base/clock.h"
#include "report/json_parts.h"
#include "report/table_json.h"

namespace gorotrace {
namespace {

// What the probes saw of none of the window is null.
class PausesJson {
 public:
  PausesJson(JsonWriter& out, const JsonContext& c)
      : out_(out), c_(c), trust_(table_trust(TableKind::kPauses, c.facts, c.tables)) {}

  void write() {
    const PauseTables& p = c_.tables.pauses;
    Histogram all;
    for (const PauseRow& row : p.rows) all.merge(row.times);
    times(all);
    out_.field("in_window_ns", seen(p.stopped_ns()));
    out_.field("tainted", seen(p.tainted));
    out_.field("stopped_now_ns", age(p.stopped_since_ns));
    out_.array_field("by_reason", p.rows, [&](const PauseRow& row) {
      out_.object([&] {
        out_.field("reason", stw_reason_name(row.reason));
        times(row.times);
        out_.field("in_window_ns", row.in_window_ns);
      });
    });
    out_.object_field("collections", [&] {
      times(p.collections);
      out_.field("in_window_ns", seen(p.marking_ns));
      out_.field("tainted", seen(p.collections_tainted));
      out_.field("marking_now_ns", age(p.marking_since_ns));
    });
    trust_fields(out_, trust_, c_.facts.begin_ns);
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> seen(std::uint64_t n) const {
    return trust_.probed() ? std::optional(n) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint64_t> age(const std::optional<std::uint64_t>& since_ns) const {
    return since_ns ? std::optional(since(c_.tables.at_ns, *since_ns)) : std::nullopt;
  }
  void times(const Histogram& h) {
    out_.field("count", seen(h.count()));
    out_.field("total_ns", seen(h.total()));
    duration_fields(out_, h);
    histogram_field(out_, h);
  }

  JsonWriter& out_;
  const JsonContext& c_;
  const TableTrust trust_;
};

}  // namespace

void pauses_json(JsonWriter& out, const JsonContext& c) {
  out.object([&] { PausesJson(out, c).write(); });
}

}  // namespace gorotrace
