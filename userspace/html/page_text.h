// Text of others inside a page. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/text_sink.h"

namespace gorotrace {

// As HTML shows it: nothing in it is markup.
[[nodiscard]] std::string html_text(std::string_view text);

// JSON that goes through it means the same and cannot end the <script> around it, nor begin a comment there:
// "<" and ">" stand in JSON within strings alone, where they are written \u003c and \u003e. `sink` outlives
// it.
[[nodiscard]] TextSink json_in_html(const TextSink& sink);

}  // namespace gorotrace
