// Growth as text and as JSON. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "base/json_writer.h"
#include "evidence/growth.h"

namespace gorotrace {

struct GrowthOptions {
  std::size_t limit = 0;  // rows per table, 0 for all
  std::size_t width = 80;
  bool colour = false;
};
[[nodiscard]] std::string growth_text(const Growth& growth, const GrowthOptions& options);
// Described by report/growth.schema.json.
void growth_json(JsonWriter& out, const Growth& growth);

}  // namespace gorotrace
