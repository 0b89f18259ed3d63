#include <optional>
#include <string>

#include "report/growth_report.h"
#include "report/json_parts.h"

namespace gorotrace {
namespace {

void count_fields(JsonWriter& out, const Growth& g, const Grown& row) {
  out.field("first", row.first);
  out.field("last", row.last);
  out.field("growth", row.last - row.first);
  out.field("never_shrank", g.two_processes ? std::nullopt : std::optional(row.never_shrank));
}

}  // namespace

void growth_json(JsonWriter& out, const Growth& g) {
  out.object([&] {
    out.field("type", "growth");
    out.field("engine", "snapshot");
    out.field("quality", name_of(g.quality()));
    out.field("samples", g.looks);
    out.field("same_process", !g.two_processes);
    out.object_field("before", [&] { target_fields(out, g.from.target); });
    out.object_field("after", [&] { target_fields(out, g.to.target); });
    out.object_field("conditions", [&] {
      const auto write = [&](const std::string& condition) { out.value(condition); };
      out.array_field("only_before", g.only_before, write);
      out.array_field("only_after", g.only_after, write);
    });
    out.field("from_unix_ns", g.from_unix_ns);
    out.field("to_unix_ns", g.to_unix_ns);
    out.object_field("goroutines", [&] {
      out.field("first", g.first);
      out.field("last", g.last);
    });
    out.array_field("stacks", g.stacks, [&](const Grown& row) {
      out.object([&] {
        count_fields(out, g, row);
        out.array_field("frames", row.places,
                        [&](const Frame& f) { out.object([&] { place_fields(out, f); }); });
      });
    });
    out.array_field("creation_sites", g.sites, [&](const Grown& row) {
      out.object([&] {
        count_fields(out, g, row);
        out.name_field("start_function", row.places.front().function);
        out.object_field("created_by", row.places.size() > 1 ? &row.places[1] : nullptr,
                         [&](const Frame& f) { place_fields(out, f); });
        out.array_field("ways", row.ways, [&](const CountedWay& way) {
          out.object([&] {
            out.field("goroutines", way.count);
            out.array_field("frames", way.frames,
                            [&](const Frame& f) { out.object([&] { place_fields(out, f); }); });
          });
        });
      });
    });
    out.object_field("became_fewer", [&] {
      out.field("stacks", g.stacks_shrunk);
      out.field("creation_sites", g.sites_shrunk);
    });
  });
}

}  // namespace gorotrace
