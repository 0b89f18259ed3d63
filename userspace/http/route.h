// What a path means. Pure; what comes in is hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gorotrace {

enum class Page : std::uint8_t {
  kHealthy,
  kReady,
  kMetrics,
  kTargets,
  kServiceDiscovery,
  kLivePage,  // or, with a name, one of its files, which there may be or not
  // Of one target:
  kTargetMetrics,
  kTargetStat,
  kProfileIndex,
  kProfileIndexBare,  // without the slash at its end
  kProfile,           // of a name, which there may be or not
  kCapture,
};

struct Route {
  Page page = Page::kHealthy;
  std::string target;   // id
  std::string profile;  // what follows /debug/pprof/, or /page/
  bool operator==(const Route&) const = default;
};

// path: decoded. nullopt: there is no such page.
[[nodiscard]] std::optional<Route> route_of(std::string_view path);

}  // namespace gorotrace
