#include "probe/counterparts.h"

#include <algorithm>

namespace gorotrace {
namespace {

template <typename Fits>
std::optional<std::uint8_t> first_that(const Plan& plan, Fits fits) {
  const auto found = std::ranges::find_if(plan.sites, fits);
  if (found == plan.sites.end()) return std::nullopt;
  return static_cast<std::uint8_t>(found - plan.sites.begin());
}

std::ptrdiff_t ordinal(const Plan& plan, const Site& site) {
  return std::ranges::count_if(
      plan.sites.begin(), std::ranges::find_if(plan.sites, [&](const Site& s) { return &s == &site; }),
      [&](const Site& s) { return s.hook == site.hook && s.function == site.function; });
}

}  // namespace

std::vector<std::optional<std::uint8_t>> counterparts(const Plan& program, const Plan& plugin) {
  std::vector<std::optional<std::uint8_t>> out;
  for (const Site& site : plugin.sites) {
    const auto alike = [&](const Site& s) {
      return s.groups == site.groups && s.execution == site.execution;
    };
    const auto same_place = [&](const Site& s) {
      return alike(s) && s.hook == site.hook && s.function == site.function &&
             ordinal(program, s) == ordinal(plugin, site);
    };
    auto found = first_that(program, same_place);
    if (!found) found = first_that(program, [&](const Site& s) { return alike(s) && s.hook == site.hook; });
    if (!found) found = first_that(program, alike);
    if (!found) found = first_that(program, [&](const Site& s) { return s.groups == site.groups; });
    out.push_back(found);
  }
  return out;
}

}  // namespace gorotrace
