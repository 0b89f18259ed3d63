// The tables of a summary as JSON, one function each; stat_json.cpp puts them in order. Pure.
#pragma once

#include "base/json_writer.h"
#include "evidence/trust.h"
#include "report/stat_json.h"

namespace gorotrace {

struct JsonContext {
  const StatFacts& facts;
  const Tables& tables;
  Symbolizer& symbols;
  StackNumbers& stacks;
  const StatRows& rows;
  const StatJsonOptions& options;
};

void blocking_json(JsonWriter& out, const JsonContext& c);
void creation_json(JsonWriter& out, const JsonContext& c);
void objects_json(JsonWriter& out, const JsonContext& c);
void latency_json(JsonWriter& out, const JsonContext& c);
// Fields of their own.
void process_end_json(JsonWriter& out, const JsonContext& c);
void panics_json(JsonWriter& out, const JsonContext& c);
void pauses_json(JsonWriter& out, const JsonContext& c);  // pauses_json.cpp

// mean_ns, p50_ns, p99_ns, max_ns; and histogram, by powers of two.
void duration_fields(JsonWriter& out, const Histogram& h);
void histogram_field(JsonWriter& out, const Histogram& h);

// Frames of the stack of that id; none of 0.
void stack_field(JsonWriter& out, std::string_view name, std::uint64_t id, const JsonContext& c);
// engine, quality, covered: of a table, a row or a figure.
void trust_fields(JsonWriter& out, const TableTrust& trust, std::uint64_t begin_ns);

}  // namespace gorotrace
