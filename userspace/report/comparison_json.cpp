#include <algorithm>
#include <string>

#include "base/text.h"
#include "report/comparison_report.h"
#include "report/json_parts.h"

namespace gorotrace {
namespace {

void window_fields(JsonWriter& out, const ComparedWindow& window) {
  const StatFacts& facts = window.facts;
  target_fields(out, facts.target);
  out.field("window_ns", facts.end_ns - std::min(facts.begin_ns, facts.end_ns));
  out.field("live", window.tables.live);
  out.field("created", window.tables.created);
  out.field("exited", window.tables.exited);
}

void side_fields(JsonWriter& out, const ComparedWaits::Side& side) {
  out.field("count", side.count);
  out.field("per_s", side.per_s);
  out.field("blocked", side.blocked);
  out.field("mean_ns", side.mean_ns);
  out.field("p99_ns", side.p99_ns);
}

void side_fields(JsonWriter& out, const ComparedSite::Side& side) {
  out.field("live", side.live);
  out.field("created_per_s", side.created_per_s);
  out.field("exited_per_s", side.exited_per_s);
}

void side_fields(JsonWriter& out, const ComparedPanics::Side& side) {
  out.field("count", side.count);
  out.field("per_s", side.per_s);
}

void side_fields(JsonWriter& out, const ComparedPauses::Side& side) {
  out.field("count", side.count);
  out.field("per_s", side.per_s);
  out.field("share", side.share);
  out.field("mean_ns", side.mean_ns);
  out.field("p99_ns", side.p99_ns);
  out.field("max_ns", side.max_ns);
}

template <typename Row>
void sides(JsonWriter& out, const Row& row) {
  out.object_field("before", row.before, [&](const auto& side) { side_fields(out, side); });
  out.object_field("after", row.after, [&](const auto& side) { side_fields(out, side); });
}

}  // namespace

void comparison_json(JsonWriter& out, const ComparedWindow& before, const ComparedWindow& after) {
  const Comparison c = compare(before, after);
  out.object([&] {
    out.field("type", "comparison");
    out.object_field("before", [&] { window_fields(out, before); });
    out.object_field("after", [&] { window_fields(out, after); });
    out.array_field("waits", c.waits, [&](const ComparedWaits& w) {
      out.object([&] {
        out.field("reason", w.reason);
        out.array_field("functions", w.functions, [&](const std::string& f) { out.value(f); });
        out.name_field("at", w.at);
        sides(out, w);
      });
    });
    out.array_field("creation_sites", c.sites, [&](const ComparedSite& s) {
      out.object([&] {
        out.name_field("start_function", s.start);
        out.name_field("created_by", s.by);
        sides(out, s);
      });
    });
    out.array_field("panics", c.panics, [&](const ComparedPanics& p) {
      out.object([&] {
        out.name_field("value_type", printable(p.type));
        out.array_field("functions", p.functions, [&](const std::string& f) { out.value(f); });
        out.name_field("at", p.at);
        out.field("recovered", p.recovered);
        out.name_field("recovered_in", p.recovered_in);
        sides(out, p);
      });
    });
    out.array_field("pauses", c.pauses, [&](const ComparedPauses& p) {
      out.object([&] {
        out.field("what", p.reason.empty() ? "collection" : "stop-the-world");
        out.name_field("reason", p.reason);
        sides(out, p);
      });
    });
  });
}

}  // namespace gorotrace
