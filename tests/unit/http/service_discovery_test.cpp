#include "http/service_discovery.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "http/targets_json.h"

namespace gorotrace {
namespace {

AgentTarget target(pid_t pid, WatchState state) {
  AgentTarget t;
  t.id = std::to_string(pid) + "-99";
  t.pid = pid;
  t.executable = "/usr/bin/shop\"<x>";
  t.state = state;
  return t;
}

nlohmann::json listed(const std::vector<AgentTarget>& targets) {
  return nlohmann::json::parse(
      json_text([&](JsonWriter& out) { service_discovery_json(out, targets, "node:9464", "node"); }));
}

TEST(ServiceDiscovery, AnEntryForEachThatIsWatched) {
  EXPECT_EQ(listed({}).dump(), "[]");
  EXPECT_EQ(listed({target(7, WatchState::kRefused), target(8, WatchState::kStarting)}).dump(), "[]");
  AgentTarget in_pod = target(9, WatchState::kWatched);
  in_pod.container.id = std::string(64, 'a');
  in_pod.container.pod = "shop-1";
  in_pod.container.name_space = "sales";
  const auto list = listed({target(7, WatchState::kWatched), in_pod});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["targets"], nlohmann::json({"node:9464"}));
  const auto& labels = list[0]["labels"];
  EXPECT_EQ(labels["__metrics_path__"], "/targets/7-99/metrics");
  EXPECT_EQ(labels["__profile_path_prefix__"], "/targets/7-99");
  EXPECT_EQ(labels["__meta_gorotrace_profile_goroutine"], "/targets/7-99/debug/pprof/goroutine");
  EXPECT_EQ(labels["instance"], "node/shop\"<x>:7");
  EXPECT_EQ(labels["job"], "shop\"<x>");
  EXPECT_FALSE(labels.contains("pod"));
  EXPECT_EQ(list[1]["labels"]["pod"], "shop-1");
  EXPECT_EQ(list[1]["labels"]["namespace"], "sales");
  EXPECT_EQ(list[1]["labels"]["container"], "aaaaaaaaaaaa");
  for (const auto& [key, value] : labels.items()) EXPECT_TRUE(value.is_string()) << key;
}

TEST(ServiceDiscovery, LibrariesOfOneProcessAreTold) {
  AgentTarget one = target(7, WatchState::kWatched), other = one;
  one.library = "/opt/a/liborders.so";
  one.id += "-7f0000001000";
  other.library = "/opt/b/liborders.so";
  other.id += "-7f0000ffe000";
  const auto list = listed({target(7, WatchState::kWatched), one, other});
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0]["labels"]["instance"], "node/shop\"<x>:7");
  EXPECT_EQ(list[1]["labels"]["instance"], "node/liborders.so:7-7f0000001000");
  EXPECT_EQ(list[2]["labels"]["instance"], "node/liborders.so:7-7f0000ffe000");
  EXPECT_EQ(list[1]["labels"]["service_name"], "liborders.so");
  EXPECT_EQ(list[1]["labels"]["__metrics_path__"], "/targets/7-99-7f0000001000/metrics");
}

TEST(ServiceDiscovery, AHostThatIsPlain) {
  for (const char* host : {"localhost:9464", "[::1]:9464", "node-7.example_x"})
    EXPECT_TRUE(plain_host(host)) << host;
  for (const char* host : {"", "a b", "a\"", "a<", "a\n"}) EXPECT_FALSE(plain_host(host)) << host;
  EXPECT_FALSE(plain_host(std::string(256, 'a')));
}

TEST(TargetsJson, WhatIsNotKnownIsNull) {
  const std::vector<AgentTarget> targets{target(7, WatchState::kHeldUp)};
  const TargetList list{5, 6, true, {}, targets};
  const auto json = nlohmann::json::parse(json_text([&](JsonWriter& out) { targets_json(out, list); }));
  EXPECT_EQ(json["type"], "targets");
  const auto& t = json["targets"][0];
  EXPECT_EQ(t["state"], "held_up");
  EXPECT_EQ(t["exe"], "/usr/bin/shop\"<x>");
  for (const char* key : {"reason", "go_version", "goroutines", "read_ns"})
    EXPECT_TRUE(t[key].is_null()) << key;
}

}  // namespace
}  // namespace gorotrace
