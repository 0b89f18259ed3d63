#include "report/json.h"

namespace gorotrace {

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json target_json(const TargetFacts& t) {
  const auto text = [](const std::string& s) { return s.empty() ? Json(nullptr) : Json(s); };
  return {{"pid", t.pid},
          {"host_pid", t.host_pid},
          {"exe", t.exe},
          {"go_version", text(t.go_version)},
          {"main_module", text(t.main_module)},
          {"main_version", text(t.main_version)}};
}

Json frame_json(const Frame& f) {
  return {{"function", f.function}, {"file", f.file}, {"line", f.line}, {"inlined", f.inlined}};
}

Json frames_json(const std::vector<Frame>& frames) {
  Json out = Json::array();
  for (const Frame& f : frames) out.push_back(frame_json(f));
  return out;
}

}  // namespace gorotrace
