// The tables of the summary, one function each; stat_text.cpp puts them in order.
#pragma once

#include <string>
#include <string_view>

#include "evidence/trust.h"
#include "report/columns.h"
#include "report/stat_text.h"

namespace gorotrace {

struct TextContext {
  const StatFacts& facts;
  const Tables& tables;
  Symbolizer& symbols;
  const StatTextOptions& options;
  Style style;
  std::size_t width;
};

// "TITLE  note" and, when the table saw only part of the window, a line that says which.
[[nodiscard]] std::string table_title(const TextContext& c, std::string_view title, std::string_view note,
                                      const TableTrust& trust);
[[nodiscard]] std::string blocking_text(const TextContext& c);
[[nodiscard]] std::string creation_text(const TextContext& c);
[[nodiscard]] std::string objects_text(const TextContext& c);  // "" without rows
[[nodiscard]] std::string latency_text(const TextContext& c);
// A paragraph broken at spaces, continuation lines indented. A tie (the no-break space) is printed as a space
// at which no line is broken: a name stays with its number.
inline constexpr std::string_view kTie = "\u00a0";
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace gorotrace
