// `dump --waiters` as text. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "evidence/waiters.h"

namespace gorotrace {

struct WaitersOptions {
  std::size_t limit = 0;  // objects, 0 for all
  std::size_t width = 80;
  bool colour = false;
};
[[nodiscard]] std::string waiters_text(const DumpView& view, const Selection& selection,
                                       const Waiters& waiters, const WaitersOptions& options);

}  // namespace gorotrace
