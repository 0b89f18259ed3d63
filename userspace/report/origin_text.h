// Whose code led to a creation site of the library. Pure.
#pragma once

#include <string>
#include <vector>

#include "evidence/creation_chain.h"
#include "report/text_parts.h"

namespace gorotrace {

// The go statements behind an origin of that row, with names. Goroutine 1 is made by none.
[[nodiscard]] std::vector<ChainLink> chain_of(const CreationRow::Origin& origin, Symbolizer& symbols);

// Lines under "created by": the ways from the program's code to the row's go statement, those of most live
// goroutines first; with how many of the row's came by each, where there are several and `whose` are the
// row's. "" where the statement is the program's.
[[nodiscard]] std::string origins_text(const TextContext& c, const CreationRow& row, WaysOf whose);

}  // namespace gorotrace
