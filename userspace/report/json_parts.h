// What the JSON outputs have in common. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "golang/pclntab.h"
#include "report/facts.h"

namespace gorotrace {

// Keys in the order they are written: a line is read by people too.
using Json = nlohmann::ordered_json;

// On one line; text that is not valid UTF-8 is replaced, never refused.
[[nodiscard]] std::string json_text(const Json& json);

template <typename T>
[[nodiscard]] Json nullable(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

[[nodiscard]] Json target_json(const TargetFacts& target);
[[nodiscard]] Json frame_json(const Frame& frame);  // {function, file, line, inlined}
[[nodiscard]] Json frames_json(const std::vector<Frame>& frames);

}  // namespace gorotrace
