// When the world stood still, in the text summary.
#pragma once

#include <string>

#include "report/text_tables.h"

namespace gorotrace {

// "" when nobody asked for it.
[[nodiscard]] std::string pauses_text(const TextContext& c);
// How much of the latencies was a pause: a line of the latency table, or "".
[[nodiscard]] std::string held_up_text(const TextContext& c);

}  // namespace gorotrace
