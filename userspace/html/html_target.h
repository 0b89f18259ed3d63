// A target's part of a page: the summary that `report --json` gives, with the first rows of each table and
// each stack by its number, and what a picture needs beside it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/json_writer.h"
#include "html/html_page.h"
#include "html/stack_dictionary.h"

namespace gorotrace {

struct HtmlLimits {
  std::size_t rows = 500;   // of a table; what the others sum up to is said
  std::size_t in_row = 20;  // stacks of a creation site and ways to it
  std::size_t notices = 50;
};
// Many targets share what a page has room for.
[[nodiscard]] HtmlLimits limits_of_one_in(std::size_t targets);

void html_target_json(JsonWriter& out, const HtmlTarget& target, std::optional<std::int64_t> realtime_at_0_ns,
                      const HtmlLimits& limits, StackDictionary& stacks);

}  // namespace gorotrace
