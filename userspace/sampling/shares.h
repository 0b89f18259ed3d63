// One budget for many: nobody gets more than it wants while another wants more than an equal part of what is
// left (max-min fairness). What nobody wants is there for all, in equal parts. Pure.
#pragma once

#include <span>
#include <vector>

namespace gorotrace {

// Of `wanted`, each at least 0, in their order; the sum is `total`.
[[nodiscard]] std::vector<double> fair_shares(double total, std::span<const double> wanted);

}  // namespace gorotrace
