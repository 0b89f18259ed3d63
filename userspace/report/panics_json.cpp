#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "report/json_parts.h"
#include "report/process_end.h"
#include "report/table_json.h"

namespace gorotrace {
namespace {

void value_fields(JsonWriter& out, const PanicValue& value) {
  out.name_field("type", printable(value.type));
  out.name_field("text", printable(value.text));
  out.field("text_is_cut", value.cut);
}

}  // namespace

void process_end_json(JsonWriter& out, const JsonContext& c) {
  out.object_field("process_end", c.tables.panics.end, [&](const ProcessEnd& end) {
    out.field("by", name_of(end.by));
    out.field("says", what_ended(end, c.symbols));
    out.field("at_ns", since(end.at_ns, c.facts.begin_ns));
    out.field("goid", end.goid == 0 ? std::nullopt : std::optional(end.goid));
    value_fields(out, end.value);
    out.field("panics_below", end.other_panics);
    out.field("exit_status", end.exit_status);
    out.name_field("signal", end.signal ? signal_name(*end.signal) : "");
    const bool known = end.interrupted != SignalCameTo::kNotKnown;
    out.name_field("interrupted", known ? name_of(end.interrupted) : "");
    stack_field(out, "stack", end.stack, c);
  });
}

void panics_json(JsonWriter& out, const JsonContext& c) {
  const Panics& panics = c.tables.panics;
  const TableTrust trust = table_trust(TableKind::kPanics, c.facts, c.tables);
  const auto counted = [&](std::uint64_t n) { return trust.probed() ? std::optional(n) : std::nullopt; };
  std::vector<const PanicRow*> rows = panic_rows(panics);
  if (c.options.most_rows > 0 && rows.size() > c.options.most_rows) rows.resize(c.options.most_rows);
  out.object_field("panics", [&] {
    out.field("thrown", counted(panics.thrown));
    out.field("recovered", counted(panics.recovered));
    out.array_field("rows", rows, [&](const PanicRow* row) {
      out.object([&] {
        out.field("count", row->count);
        value_fields(out, row->last);
        out.field("last_ns", since(row->last_ns, c.facts.begin_ns));
        stack_field(out, "stack", row->stack, c);
        out.field("recovered", row->place != 0);
        stack_field(out, "recovered_in", row->place, c);
      });
    });
    trust_fields(out, trust, c.facts.begin_ns);
  });
}

}  // namespace gorotrace
