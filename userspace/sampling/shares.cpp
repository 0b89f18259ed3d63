#include "sampling/shares.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace gorotrace {

std::vector<double> fair_shares(double total, std::span<const double> wanted) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&wanted](std::size_t i) { return wanted[i]; });
  std::vector<double> out(wanted.size());
  double left = total;
  std::size_t many = wanted.size();
  for (const std::size_t i : order) {
    out[i] = std::min(wanted[i], left / static_cast<double>(many--));
    left -= out[i];
  }
  for (double& share : out) share += left / static_cast<double>(out.size());
  return out;
}

}  // namespace gorotrace
