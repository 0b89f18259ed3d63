// The ways from the program's code to a go statement of the library, under a row that names the statement.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evidence/creation_chain.h"
#include "report/frames.h"

namespace gorotrace {

// What a row counts: the goroutines of its go statement, or some of them only (those that wait at one place,
// those that are runnable). Whoever reads a count under a row takes it for the row's, so ways of more than
// the row counts are named without one.
enum class WaysOf { kRow, kMoreThanRow };

// "" when no way is known. Where there are several a count stands before each, or "either" and "or".
[[nodiscard]] std::string ways_text(const std::vector<CountedWay>& ways, WaysOf whose, std::size_t width,
                                    const Style& style);

}  // namespace gorotrace
