// Who made whom wait, as a table: for each place where goroutines blocked the wakers that ended their waits,
// and who had ended the wakers' own last ones. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "evidence/wait_chains.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct ChainsTextOptions {
  std::size_t width = 80;
  std::size_t limit = 10;  // of places; 0 for all
  bool colour = false, system = false;
  bool by_count = false;                             // the most waits first, not the longest
  std::function<bool(const WaitChain&)> shown = {};  // by where it blocked; absent: all
};

// "" when no wait ended, or none that is shown. reasons: by g.waitreason.
[[nodiscard]] std::string chains_text(const WaitChains& chains, Symbolizer& symbols,
                                      const std::vector<std::string>& reasons,
                                      const ChainsTextOptions& options);

}  // namespace gorotrace
