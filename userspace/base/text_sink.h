// Where text goes, piece by piece: a report of a million goroutines is never held as one text.
#pragma once

#include <functional>
#include <string_view>

namespace gorotrace {

using TextSink = std::function<void(std::string_view)>;

}  // namespace gorotrace
