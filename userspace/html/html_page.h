// `report --html`: a capture as one file that a browser shows without a network. What the target named is in
// it as data alone: as JSON that cannot end its script, from which the page's own script makes text nodes.
// Should that fail, the page's policy runs no script but those that carry a number drawn for this page, and
// loads nothing. Memory and size: bounded, html_target.h says by what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/text_sink.h"
#include "evidence/facts.h"
#include "report/stat_rows.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct HtmlTarget {
  const StatFacts& facts;
  const Tables& tables;
  Symbolizer& symbols;
  const std::vector<Sample>& series;  // evenly spaced
  RowOptions rows;
};

struct HtmlCapture {
  std::string file, version;                     // of the capture; of this program
  std::string damage;                            // what could not be read; "": nothing
  std::optional<std::int64_t> realtime_at_0_ns;  // since 1970, when CLOCK_MONOTONIC was 0
  std::uint64_t records = 0, lost = 0;
  std::optional<std::uint64_t> from_ns, to_ns;  // of the window, which is shown
  std::vector<HtmlTarget> targets;
};

void write_html_page(const TextSink& out, const HtmlCapture& capture);

}  // namespace gorotrace
