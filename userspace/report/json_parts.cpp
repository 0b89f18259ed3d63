#include "report/json_parts.h"

namespace gorotrace {

void target_fields(JsonWriter& out, const TargetFacts& t) {
  out.field("pid", t.pid);
  out.field("host_pid", t.host_pid);
  out.field("exe", t.exe);
  out.field("runtime_file", t.file);
  out.name_field("go_version", t.go_version);
  out.name_field("main_module", t.main_module);
  out.name_field("main_version", t.main_version);
}

void place_fields(JsonWriter& out, const Frame& f) {
  out.field("function", f.function);
  out.field("file", f.file);
  out.field("line", f.line);
}

void frame_json(JsonWriter& out, const Frame& f) {
  out.object([&] {
    place_fields(out, f);
    out.field("inlined", f.inlined);
  });
}

void frames_json(JsonWriter& out, const std::vector<Frame>& frames) {
  out.array(frames, [&](const Frame& f) { frame_json(out, f); });
}

void intervals_field(JsonWriter& out, std::string_view name, const std::vector<Interval>& intervals,
                     std::uint64_t begin_ns) {
  const auto since = [&](std::uint64_t at) { return at > begin_ns ? at - begin_ns : 0; };
  out.array_field(name, intervals, [&](const Interval& i) {
    out.array([&] {
      out.value(since(i.from_ns));
      out.value(since(i.to_ns));
    });
  });
}

}  // namespace gorotrace
