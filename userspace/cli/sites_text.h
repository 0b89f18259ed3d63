// The table of planned probes of `check`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "probe/plan.h"

namespace gorotrace {

// As wide as what is in it. Where that is more than `width` columns "runtime." goes, which nearly all
// functions have in front; then sites and group lists go on in lines below. No costs: a trap could not
// be measured here.
[[nodiscard]] std::string sites_text(const Plan& plan, const std::optional<TrapCosts>& costs,
                                     std::size_t width);
// Whether a hook has no site, and nothing that stands in for it.
[[nodiscard]] bool lacks_sites(const Plan& plan);

}  // namespace gorotrace
