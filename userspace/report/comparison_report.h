// Two recordings held against each other, as text and as JSON. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "base/json_writer.h"
#include "evidence/comparison.h"

namespace gorotrace {

struct ComparisonOptions {
  std::size_t limit = 10;  // rows per table, 0 for all
  std::size_t width = 80;
  bool colour = false;
};
[[nodiscard]] std::string comparison_text(const ComparedWindow& before, const ComparedWindow& after,
                                          const ComparisonOptions& options);
// Described by report/comparison.schema.json.
void comparison_json(JsonWriter& out, const ComparedWindow& before, const ComparedWindow& after);

}  // namespace gorotrace
