// What the tables of the text summary have in common. Pure.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/text_tables.h"
#include "report/way_text.h"

namespace gorotrace {

inline constexpr std::size_t kIndent = 8;  // of what stands under a row

// A line under a row.
[[nodiscard]] std::string under(const std::string& text);
// A frame under a row, behind a label of `label_width` columns (which holds no style then).
[[nodiscard]] std::string under(const TextContext& c, const std::string& label, std::size_t label_width,
                                const Frame& frame, const Style& style, std::string_view after = "");
// "≥5.19s" of a lower bound; "-" for what is not known, here and below.
[[nodiscard]] std::string age_text(const std::optional<std::uint64_t>& ns, bool lower_bound);
[[nodiscard]] std::string duration_text(const std::optional<std::uint64_t>& ns);
[[nodiscard]] std::string error_text(const std::optional<SampledTime>& t);

// How many of the rows are shown, and the words for it: what hid some are the conditions given, of a table of
// creation sites those that it heeds.
[[nodiscard]] std::size_t shown(std::size_t rows, std::size_t limit);
[[nodiscard]] std::string of_rows(const TextContext& c, std::size_t rows, std::size_t hidden = 0,
                                  bool of_sites = false);
// " · not filtered by --where reason": the conditions given that the table does not heed; "" for none. Tables
// of creation sites heed some, the others (`all`) none.
[[nodiscard]] std::string unfiltered(const TextContext& c, bool all);
// "by in_window", or by the column that --sort names, of those that this table has.
[[nodiscard]] std::string by_column(const TextContext& c, RowSort own, std::initializer_list<RowSort> others);

// The stack's lines; `label` (the wait reason) stands before the first of them.
[[nodiscard]] std::string stack_text(const TextContext& c, std::uint64_t id, const std::string& label);
// Most frequent first. Wakers that read alike (one call site below different callers) are one line.
[[nodiscard]] std::string wakers_text(const TextContext& c, const std::vector<WakerRow>& wakers,
                                      std::uint64_t other, std::string_view verb);
// "created by f  file:1", or how goroutine 1 came to be; `after` follows it, and lines that tell whose code
// led there where f is the library's. `whose`: what the row counts under which this stands.
[[nodiscard]] std::string creator_text(const TextContext& c, const CreationRow& row, WaysOf whose,
                                       const std::string& after = "");

}  // namespace gorotrace
