#include "http/route.h"

#include <array>
#include <utility>

namespace gorotrace {

std::optional<Route> route_of(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, Page>, 5> kWhole{{
      {"/-/healthy", Page::kHealthy},
      {"/-/ready", Page::kReady},
      {"/metrics", Page::kMetrics},
      {"/targets", Page::kTargets},
      {"/sd", Page::kServiceDiscovery},
  }};
  for (const auto& [name, page] : kWhole) {
    if (path == name) return Route{page, "", ""};
  }
  if (path == "/") return Route{Page::kLivePage, "", ""};
  constexpr std::string_view kPageFiles = "/page/";
  if (path.starts_with(kPageFiles) && path != kPageFiles)
    return Route{Page::kLivePage, "", std::string(path.substr(kPageFiles.size()))};
  constexpr std::string_view kTargets = "/targets/", kProfiles = "/debug/pprof";
  if (!path.starts_with(kTargets)) return std::nullopt;
  path.remove_prefix(kTargets.size());
  const std::string_view id = path.substr(0, path.find('/'));
  path.remove_prefix(id.size());
  if (id.empty()) return std::nullopt;
  const std::string target(id);
  if (path == "/metrics") return Route{Page::kTargetMetrics, target, ""};
  if (path == "/stat") return Route{Page::kTargetStat, target, ""};
  if (path == "/capture") return Route{Page::kCapture, target, ""};
  if (path == kProfiles) return Route{Page::kProfileIndexBare, target, ""};
  if (!path.starts_with(kProfiles) || path[kProfiles.size()] != '/') return std::nullopt;
  path.remove_prefix(kProfiles.size() + 1);
  if (path.empty()) return Route{Page::kProfileIndex, target, ""};
  return Route{Page::kProfile, target, std::string(path)};
}

}  // namespace gorotrace
