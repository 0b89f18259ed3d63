// Columns aligned with tabs as Go's text/tabwriter does with (minwidth 1, tabwidth 8, padding 1, '\t', no
// flags): what runtime/pprof writes its debug=1 profiles through. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace gorotrace {

// One line per row, its cells separated by at least a tab; a column is a run of lines that have it.
[[nodiscard]] std::string align_with_tabs(std::span<const std::vector<std::string>> rows);

}  // namespace gorotrace
