#include "top/documents.h"

#include <gtest/gtest.h>

#include <string>

namespace gorotrace {
namespace {

constexpr const char* kNode =
    R"({"type":"targets","time_ns":7000,"unix_ns":1,"ready":true,"notices":["by scans"],
  "targets":[{"id":"42-99","host_pid":42,"start_time_ticks":99,"state":"watched","reason":null,"exe":"/bin/shop",
  "go_version":"go1.26.0","main_module":"example.com/shop","main_version":"v1","user":"www","cgroup":"/a",
  "container":{"id":"0123456789abcdef","name":null,"pod":"shop-1","pod_uid":"u","namespace":"prod"},
  "since_ns":1,"read_ns":6000,"goroutines":12,"created":20,"exited":8,"syscalls":5,"readings":3,"read_errors":0,
  "cost_cpu_ns":1500}]})";

TEST(Documents, NodeIsRead) {
  const auto node = parse_node(kNode);
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_TRUE(node->ready);
  EXPECT_EQ(node->time_ns, 7000u);
  EXPECT_EQ(node->notices, std::vector<std::string>{"by scans"});
  ASSERT_EQ(node->processes.size(), 1u);
  const TopProcess& p = node->processes.front();
  EXPECT_EQ(p.id, "42-99");
  EXPECT_EQ(p.pid, 42u);
  EXPECT_EQ(p.container, "0123456789ab");
  EXPECT_EQ(p.pod, "shop-1");
  EXPECT_EQ(p.name_space, "prod");
  EXPECT_EQ(p.goroutines, 12u);
  EXPECT_EQ(p.blocked, std::nullopt);
  EXPECT_EQ(p.cost_cpu_ns, 1500u);
}

TEST(Documents, WhatBecomesPartOfAPathIsAnIdAndNothingElse) {
  for (const char* id : {"../../etc", "42", "42-", "-99", "42-99/x", "42-99 HTTP/1.1\\r\\nX: y", "", "42-99-",
                         "42-99-7f/x", "42-99-7f-1", "4f-99"}) {
    const auto node = parse_node(std::string(R"({"type":"targets","targets":[{"id":")") + id + R"("}]})");
    ASSERT_TRUE(node);
    EXPECT_TRUE(node->processes.empty()) << id;
  }
  for (const char* id : {"42-99", "42-99-7fa012"}) {
    const auto node = parse_node(std::string(R"({"type":"targets","targets":[{"id":")") + id + R"("}]})");
    ASSERT_TRUE(node && node->processes.size() == 1) << id;
    EXPECT_EQ(node->processes[0].id, id);
  }
}

TEST(Documents, TextsOfATargetArePrintable) {
  const auto node = parse_node(
      R"({"type":"targets","targets":[{"id":"1-1","exe":"a\u001b[2Jb","user":7,"goroutines":-3}]})");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->processes.front().exe, "a\xef\xbf\xbd[2Jb");
  EXPECT_EQ(node->processes.front().user, "");
  EXPECT_EQ(node->processes.front().goroutines, std::nullopt);
}

TEST(Documents, WhatIsNoDocumentIsAnError) {
  for (const char* text :
       {"", "[]", "null", "{", R"({"type":"summary"})", R"({"type":7})", "<html>", "\xff\xfe"})
    EXPECT_FALSE(parse_node(text)) << text;
  EXPECT_FALSE(parse_stat(kNode));
}

TEST(Documents, DeepNestingIsNoTrouble) {
  const std::string deep = R"({"type":"targets","targets":)" + std::string(200'000, '[');
  EXPECT_FALSE(parse_node(deep));
  const std::string closed =
      R"({"type":"targets","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_TRUE(parse_node(closed));
}

TEST(Documents, SummaryIsRead) {
  const auto stat = parse_stat(R"({"type":"summary","target":{"pid":1,"host_pid":42,"exe":"/bin/shop",
    "go_version":"go1.26.0","main_module":"shop"},"begin_ns":5,"window_ns":2000000000,"ended_by":null,
    "goroutine_seconds":{"running":0.5,"runnable":null,"waiting":10,"standard_error":{"running":0.25,"waiting":null},
    "live_integral":20.5},
    "goroutines":{"live":10,"live_at_start":4,"created":7,"exited":1},
    "blocking":[{"reason":"chan receive","stack":[{"function":"main.f","file":"/a/b.go","line":3,"inlined":false}],
      "truncated":true,"blocked_now":3,"in_window_ns":900,"oldest_ns":800,"oldest_is_lower_bound":true,"max_ns":null,
      "other_stacks":0,"sampled":{"ns":900,"error_ns":11,"proven_ns":1,"long_waits":{"count":1,"total_ns":5,"max_ns":5}}}],
    "creation":[{"function":"main.g","site":[{"function":"main.h","file":"h.go","line":9}],"live":4,"created":null,
      "exited":2,"sampled":null,"origins":[{"live":4,"chain":[{"function":"main.g","site":[]},
      {"function":null,"site":[{"function":"main.i","file":"","line":0}]}]}]}],
    "notices":["n"]})");
  ASSERT_TRUE(stat) << stat.error().message;
  EXPECT_EQ(stat->pid, 42u);
  EXPECT_EQ(stat->window_ns, 2'000'000'000u);
  ASSERT_EQ(stat->states.size(), 2u);
  EXPECT_EQ(stat->states[0].name, "running");
  EXPECT_EQ(stat->states[0].error, 0.25);
  EXPECT_EQ(stat->states[1].error, std::nullopt);
  ASSERT_EQ(stat->waits.size(), 1u);
  const TopWait& wait = stat->waits.front();
  EXPECT_EQ(wait.blocked, 3u);
  EXPECT_EQ(wait.error_ns, 11u);
  EXPECT_EQ(wait.longest_ns, 5u);
  EXPECT_TRUE(wait.oldest_is_lower_bound);
  EXPECT_EQ(wait.stack.front().function, "main.f");
  ASSERT_EQ(stat->sites.size(), 1u);
  EXPECT_EQ(stat->sites.front().created, std::nullopt);
  EXPECT_EQ(stat->sites.front().exited, 2u);
  ASSERT_EQ(stat->sites.front().origins.size(), 1u);
  EXPECT_EQ(stat->sites.front().origins.front().chain[1].site.front().function, "main.i");
}

}  // namespace
}  // namespace gorotrace
