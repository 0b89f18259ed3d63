// What stands on the pages that are read, not chosen from: one wait, one go statement, the help. Pure.
#pragma once

#include <vector>

#include "top/documents.h"
#include "top/scrolled_text.h"

namespace gorotrace {

// Where goroutines wait, with the whole stack; window_ns: what its figures are of.
[[nodiscard]] std::vector<IndentedText> wait_text(const TopWait& wait, std::uint64_t window_ns);
// A go statement, and the statements that led to it.
[[nodiscard]] std::vector<IndentedText> site_text(const TopSite& site);
[[nodiscard]] std::vector<IndentedText> help_text();

}  // namespace gorotrace
