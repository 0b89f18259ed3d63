// std::ranges::stable_sort with the same parameters, for vectors: libstdc++ 12's own uses what C++23
// deprecates (std::get_temporary_buffer), and clang warns of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace gorotrace {

template <typename T, typename Compare = std::ranges::less, typename Projection = std::identity>
void sort_stably(std::vector<T>& values, Compare compare = {}, Projection projection = {}) {
  const auto less = [&](std::size_t a, std::size_t b) {
    return std::invoke(compare, std::invoke(projection, values[a]), std::invoke(projection, values[b]));
  };
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order,
                    [&](std::size_t a, std::size_t b) { return less(a, b) || (a < b && !less(b, a)); });
  std::vector<T> sorted;
  sorted.reserve(values.size());
  for (const std::size_t i : order) sorted.push_back(std::move(values[i]));
  values = std::move(sorted);
}

}  // namespace gorotrace
