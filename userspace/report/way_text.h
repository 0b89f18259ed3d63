// The ways from the program's code to a go statement of the library, under a row that names the statement.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evidence/creation_chain.h"
#include "report/frames.h"

namespace gorotrace {

// "" when no way is known. A count stands before each where there are several.
[[nodiscard]] std::string ways_text(const std::vector<CountedWay>& ways, std::size_t width,
                                    const Style& style);

}  // namespace gorotrace
