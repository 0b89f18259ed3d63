// The tables of a summary as JSON, one function each; stat_json.cpp puts them in order. Pure.
#pragma once

#include "report/json.h"
#include "report/stat_json.h"
#include "report/trust.h"

namespace gorotrace {

struct JsonContext {
  const StatFacts& facts;
  const Tables& tables;
  Symbolizer& symbols;
  const StatJsonOptions& options;
};

[[nodiscard]] Json blocking_json(const JsonContext& c);
[[nodiscard]] Json creation_json(const JsonContext& c);
[[nodiscard]] Json objects_json(const JsonContext& c);
[[nodiscard]] Json latency_json(const JsonContext& c);

// engine, quality, covered: of a table, a row or a figure.
void add_trust(Json& out, const TableTrust& trust, std::uint64_t begin_ns);

}  // namespace gorotrace
