// The tables of the summary, one function each; stat_text.cpp puts them in order.
#pragma once

#include <string>
#include <string_view>

#include "evidence/trust.h"
#include "report/columns.h"
#include "report/frames.h"
#include "report/stat_text.h"
#include "report/wrapping.h"

namespace gorotrace {

struct TextContext {
  const StatFacts& facts;
  const Tables& tables;
  Symbolizer& symbols;
  const StatTextOptions& options;
  const StatRows& rows;
  Style style;
  std::size_t width;
  // Of a line with a name in it.
  [[nodiscard]] std::size_t name_width() const { return options.screen ? width : kNoWidth; }
  // Of a target that is no more nothing is said to be so now.
  [[nodiscard]] bool ended() const { return !facts.ended_by.empty(); }
  [[nodiscard]] std::string_view tense(std::string_view now, std::string_view past) const {
    return ended() ? past : now;
  }
};

// "TITLE  text", in the place of a table.
[[nodiscard]] std::string titled(const TextContext& c, std::string_view title, std::string_view text);
// "TITLE  note" and, when the table saw only part of the window, a line that says which.
[[nodiscard]] std::string table_title(const TextContext& c, std::string_view title, std::string_view note,
                                      const TableTrust& trust);
[[nodiscard]] std::string blocking_text(const TextContext& c);
[[nodiscard]] std::string creation_text(const TextContext& c);
[[nodiscard]] std::string objects_text(const TextContext& c);  // "" without rows
// Who waits for a CPU, created where; "" when nobody did.
[[nodiscard]] std::string runnable_text(const TextContext& c);
[[nodiscard]] std::string latency_text(const TextContext& c);
// What ended the process, as far as anything tells of it; "" while it lives.
[[nodiscard]] std::string process_end_text(const TextContext& c);
[[nodiscard]] std::string panics_text(const TextContext& c);  // "" without any

}  // namespace gorotrace
