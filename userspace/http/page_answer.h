// The live page over HTTP, with what a browser may do for it: load what this server has, and nothing else.
// Pure.
#pragma once

#include <string_view>

#include "http/response.h"

namespace gorotrace {

// name: "" is the page itself, else one of its files; 404 when there is none.
[[nodiscard]] Response page_answer(std::string_view name);

}  // namespace gorotrace
