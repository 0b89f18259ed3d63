// The binaries that the planner is tested on (CMakeLists.txt), and their plans.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "probe/sites.h"

namespace gorotrace {

struct Subject {
  std::unique_ptr<ElfImage> image;
  std::unique_ptr<Pclntab> pclntab;
};

inline Subject open_path(const std::string& path) {
  auto image = ElfImage::open(path);
  if (!image) throw std::runtime_error(path + ": " + image.error().message);
  auto pclntab = Pclntab::make(**image);
  if (!pclntab) throw std::runtime_error(path + ": " + pclntab.error().message);
  return {std::move(*image), std::move(*pclntab)};
}

inline Subject open_subject(const std::string& name) {
  return open_path(GOROTRACE_PROBE_SUBJECTS "/" + name);
}

inline Plan plan_of(const Subject& s, const TrapCosts& costs = {}, bool at_entries = false) {
  auto plan = plan_sites(*s.image, *s.pclntab, costs, {.at_entries = at_entries});
  if (!plan) throw std::runtime_error(plan.error().message);
  return std::move(*plan);
}

}  // namespace gorotrace
