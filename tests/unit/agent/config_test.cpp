// The configuration: what it means, and that each mistake is named by file, line, key and what is allowed.
#include "agent/config.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

std::string mistake(std::string_view text) {
  const auto config = parse_agent_config(text, "/etc/gorotrace.toml");
  if (config) return "no mistake";
  EXPECT_EQ(config.error().kind, ErrorKind::kUsage);
  return config.error().message;
}

TEST(AgentConfig, AnEmptyFileIsTheDefault) {
  const auto config = parse_agent_config("", "x");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->listen, "localhost:9464");
  EXPECT_TRUE(config->rules.empty());
  EXPECT_FALSE(config->insecure_listen);
  EXPECT_GE(config->agent_percent, 0.5);
  EXPECT_TRUE(config->captures);
  EXPECT_EQ(config->capture_percent, 10);
}

TEST(AgentConfig, AllThatThereIs) {
  const auto config = parse_agent_config(R"(
listen = "[::1]:0"
token_file = "/run/token"
tls_cert = "a.pem"
tls_key = "a.key"
client_ca = "ca.pem"
insecure_listen = true
captures = "off"
[budget]
agent = 3
capture_budget = 2.5
[[rule]]
action = "exclude"
executable = "/usr/bin/*"
user = "root"
[[rule]]
action = "include"
namespace = "shop-*"
)",
                                         "x");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen, "[::1]:0");
  EXPECT_EQ(config->token_file, "/run/token");
  EXPECT_EQ(config->client_ca, "ca.pem");
  EXPECT_TRUE(config->insecure_listen);
  EXPECT_EQ(config->agent_percent, 3);
  EXPECT_FALSE(config->captures);
  EXPECT_EQ(config->capture_percent, 2.5);
  ASSERT_EQ(config->rules.size(), 2u);
  EXPECT_FALSE(config->rules[0].include);
  EXPECT_EQ(config->rules[0].patterns.size(), 2u);
  EXPECT_EQ(config->rules[0].line, 12u);
  EXPECT_TRUE(config->rules[1].include);
  EXPECT_EQ(config->rules[1].patterns[0].first, RuleField::kNamespace);
}

TEST(AgentConfig, AMistakeIsNamedWithItsLine) {
  EXPECT_EQ(mistake("\nlistn = \"x\"\n"),
            "/etc/gorotrace.toml:2: listn: no such key; there are listen, token_file, tls_cert, tls_key, "
            "client_ca, insecure_listen, captures, budget, rule");
  EXPECT_EQ(mistake("[budget]\n\nagent = 0\n"),
            "/etc/gorotrace.toml:3: budget.agent: must be a number of percent of one CPU, from 0.01 to 100");
  EXPECT_EQ(mistake("[budget]\nagent = nan\n"),
            "/etc/gorotrace.toml:2: budget.agent: must be a number of percent of one CPU, from 0.01 to 100");
  EXPECT_EQ(mistake("[budget]\nnode = 1\n"),
            "/etc/gorotrace.toml:2: budget.node: no such key; there are budget.agent, budget.capture_budget");
  EXPECT_EQ(mistake("[budget]\ncapture_budget = 101\n"),
            "/etc/gorotrace.toml:2: budget.capture_budget: must be a number of percent of the target's CPU "
            "time, from 0.01 to 100");
  EXPECT_EQ(mistake("captures = \"of\"\n"), "/etc/gorotrace.toml:1: captures: must be \"on\" or \"off\"");
  EXPECT_EQ(mistake("\ncaptures = 0\n"), "/etc/gorotrace.toml:2: captures: must be \"on\" or \"off\"");
  EXPECT_EQ(mistake("insecure_listen = \"yes\""),
            "/etc/gorotrace.toml:1: insecure_listen: must be true or false");
  EXPECT_EQ(mistake("[[rule]]\naction = \"drop\"\n"),
            "/etc/gorotrace.toml:2: rule.action: must be \"include\" or \"exclude\"");
  EXPECT_EQ(mistake("\n[[rule]]\nuser = \"x\"\n"),
            "/etc/gorotrace.toml:2: rule.action: must be given, \"include\" or \"exclude\"");
  EXPECT_EQ(
      mistake("[[rule]]\naction = \"include\"\n"),
      "/etc/gorotrace.toml:1: rule: matches every process: give one of executable, module, user, cgroup, "
      "container, pod, namespace");
  EXPECT_EQ(mistake("[[rule]]\naction = \"include\"\nimage = \"x\"\n"),
            "/etc/gorotrace.toml:3: rule.image: no such key; there are rule.action, rule.executable, "
            "rule.module, rule.user, rule.cgroup, rule.container, rule.pod, rule.namespace");
  EXPECT_EQ(mistake("tls_key = \"k\"\n"),
            "/etc/gorotrace.toml:1: tls_key: needs tls_cert, too: the certificate of the key");
  EXPECT_EQ(mistake("\nclient_ca = \"k\"\n").substr(0, 33), "/etc/gorotrace.toml:2: client_ca:");
}

TEST(AgentConfig, AnAddressHasAHostAndAPort) {
  for (const char* bad : {"9464", ":9464", "host:", "host:65536", "::1:9464", "[::1]", "[]:1", "a b:-1", ""})
    EXPECT_TRUE(
        mistake(std::string("listen = \"") + bad + "\"").starts_with("/etc/gorotrace.toml:1: listen: "))
        << bad;
  for (const char* good : {"localhost:9464", "0.0.0.0:1", "[::]:65535", "node-7.example:0"})
    EXPECT_EQ(mistake(std::string("listen = \"") + good + "\""), "no mistake") << good;
}

TEST(AgentConfig, WhatIsNoToml) {
  EXPECT_TRUE(mistake("a = 1\nb = = 2\n").starts_with("/etc/gorotrace.toml:2: not TOML: "));
  EXPECT_TRUE(mistake("rule = 3\n").starts_with("/etc/gorotrace.toml:1: rule: must be tables"));
  EXPECT_TRUE(mistake("rule = [1]\n").starts_with("/etc/gorotrace.toml:1: rule: must be tables"));
  EXPECT_TRUE(mistake("budget = 1\n").starts_with("/etc/gorotrace.toml:1: budget: must be a table"));
  EXPECT_TRUE(
      mistake(std::string("token_file = \"\\u0000\"\n")).starts_with("/etc/gorotrace.toml:1: token_f"));
  EXPECT_TRUE(mistake("x\x1b[31m = 1").find('\x1b') == std::string::npos);
}

TEST(AgentConfig, AFileThatIsNotThere) {
  const auto config = load_agent_config("/nonexistent/gorotrace.toml");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("/nonexistent/gorotrace.toml"), std::string::npos);
  EXPECT_FALSE(load_agent_config("/"));
}

TEST(AgentRules, TheFirstThatMatchesDecides) {
  const auto config = parse_agent_config(R"(
[[rule]]
action = "exclude"
executable = "/usr/bin/kube*"
namespace = "kube-system"
[[rule]]
action = "include"
namespace = "kube-*"
)",
                                         "x");
  ASSERT_TRUE(config);
  RuleSubject subject;
  subject.executable = "/usr/bin/kube/proxy";  // '*' matches a '/'
  subject.name_space = "kube-system";
  EXPECT_EQ(excluded_by(config->rules, subject), "the rule in line 2 excludes it");
  subject.executable = "/usr/bin/other";
  EXPECT_EQ(excluded_by(config->rules, subject), std::nullopt);
  subject.name_space = "shop";
  EXPECT_EQ(excluded_by(config->rules, subject), "no rule includes it");
  EXPECT_EQ(excluded_by({}, subject), std::nullopt);
}

TEST(AgentRules, WithExcludeRulesAloneTheRestIsWatched) {
  const std::vector<AgentRule> rules = {{false, {{RuleField::kUser, "root"}}, 1}};
  RuleSubject subject;
  subject.user = "root";
  EXPECT_TRUE(excluded_by(rules, subject));
  subject.user = "www";
  EXPECT_FALSE(excluded_by(rules, subject));
}

}  // namespace
}  // namespace gorotrace
