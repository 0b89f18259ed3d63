#include "http/route.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(Route, EveryPage) {
  EXPECT_EQ(route_of("/-/healthy"), (Route{Page::kHealthy, "", ""}));
  EXPECT_EQ(route_of("/metrics"), (Route{Page::kMetrics, "", ""}));
  EXPECT_EQ(route_of("/targets"), (Route{Page::kTargets, "", ""}));
  EXPECT_EQ(route_of("/sd"), (Route{Page::kServiceDiscovery, "", ""}));
  EXPECT_EQ(route_of("/targets/7-8/metrics"), (Route{Page::kTargetMetrics, "7-8", ""}));
  EXPECT_EQ(route_of("/targets/7-8/capture"), (Route{Page::kCapture, "7-8", ""}));
  EXPECT_EQ(route_of("/targets/7-8/debug/pprof"), (Route{Page::kProfileIndexBare, "7-8", ""}));
  EXPECT_EQ(route_of("/targets/7-8/debug/pprof/"), (Route{Page::kProfileIndex, "7-8", ""}));
  EXPECT_EQ(route_of("/targets/7-8/debug/pprof/a/b"), (Route{Page::kProfile, "7-8", "a/b"}));
  EXPECT_EQ(route_of("/"), (Route{Page::kLivePage, "", ""}));
  EXPECT_EQ(route_of("/page/page.js"), (Route{Page::kLivePage, "", "page.js"}));
}

TEST(Route, NothingElse) {
  for (const char* path : {"", "//", "/page", "/page/", "//metrics", "/metrics/", "/targets/",
                           "/targets//metrics", "/targets/7-8", "/targets/7-8/", "/targets/7-8/metrics/",
                           "/targets/7-8/debug/pprofx", "/debug/pprof/", "/-/", "/../metrics"})
    EXPECT_FALSE(route_of(path)) << path;
}

}  // namespace
}  // namespace gorotrace
