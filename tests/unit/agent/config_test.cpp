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
            "client_ca, insecure_listen, captures, budget, metrics, rule");
  EXPECT_EQ(mistake("[budget]\n\nagent = 0\n"),
            "/etc/gorotrace.toml:3: budget.agent: must be a number of percent of one CPU, from 0.01 to 100");
  EXPECT_EQ(mistake("[budget]\nagent = nan\n"),
            "/etc/gorotrace.toml:2: budget.agent: must be a number of percent of one CPU, from 0.01 to 100");
  EXPECT_EQ(mistake("[metrics]\ntop_sites = 1.5\n"),
            "/etc/gorotrace.toml:2: metrics.top_sites: must be a whole number from 0 to 100");
  EXPECT_EQ(mistake("[metrics]\ntop_sites = -1\n"),
            "/etc/gorotrace.toml:2: metrics.top_sites: must be a whole number from 0 to 100");
  EXPECT_EQ(mistake("[metrics]\nnames = \"openmetrics\"\n"),
            "/etc/gorotrace.toml:2: metrics.names: must be \"prometheus\" or \"otel\"");
  EXPECT_TRUE(mistake("metrics = 1\n").starts_with("/etc/gorotrace.toml:1: metrics: must be a table"));
  EXPECT_EQ(mistake("[budget]\nnodes = 1\n"),
            "/etc/gorotrace.toml:2: budget.nodes: no such key; there are budget.agent, "
            "budget.target, budget.node, budget.capture_budget");
  EXPECT_EQ(mistake("[budget]\ncapture_budget = 101\n"),
            "/etc/gorotrace.toml:2: budget.capture_budget: must be a number of percent of the target's CPU "
            "time, from 0.01 to 100");
  EXPECT_EQ(mistake("captures = \"of\"\n"), "/etc/gorotrace.toml:1: captures: must be \"on\" or \"off\"");
  EXPECT_EQ(mistake("\ncaptures = 0\n"), "/etc/gorotrace.toml:2: captures: must be \"on\" or \"off\"");
  EXPECT_EQ(mistake("insecure_listen = \"yes\""),
            "/etc/gorotrace.toml:1: insecure_listen: must be true or false");
  EXPECT_EQ(mistake("[[rule]]\naction = \"drop\"\n"),
            "/etc/gorotrace.toml:2: rule.action: must be \"include\", \"exclude\" or \"probe\"");
  EXPECT_EQ(mistake("\n[[rule]]\nuser = \"x\"\n"),
            "/etc/gorotrace.toml:2: rule.action: must be given, \"include\", \"exclude\" or \"probe\"");
  EXPECT_EQ(
      mistake("[[rule]]\naction = \"include\"\n"),
      "/etc/gorotrace.toml:1: rule: matches every process: give one of executable, module, user, cgroup, "
      "container, pod, namespace");
  EXPECT_EQ(mistake("[[rule]]\naction = \"include\"\nimage = \"x\"\n"),
            "/etc/gorotrace.toml:3: rule.image: no such key; there are rule.action, rule.executable, "
            "rule.module, rule.user, rule.cgroup, rule.container, rule.pod, rule.namespace, rule.probes");
  EXPECT_EQ(mistake("tls_key = \"k\"\n"),
            "/etc/gorotrace.toml:1: tls_key: needs tls_cert, too: the certificate of the key");
  EXPECT_EQ(mistake("\nclient_ca = \"k\"\n").substr(0, 33), "/etc/gorotrace.toml:2: client_ca:");
}

TEST(AgentConfig, AnAddressHasAHostAndAPort) {
  for (const char* bad :
       {"9464", ":", ":65536", "host:", "host:65536", "::1:9464", "[::1]", "[]:1", "a b:-1", ""})
    EXPECT_TRUE(
        mistake(std::string("listen = \"") + bad + "\"").starts_with("/etc/gorotrace.toml:1: listen: "))
        << bad;
  for (const char* good : {"localhost:9464", ":9464", "0.0.0.0:1", "[::]:65535", "node-7.example:0"})
    EXPECT_EQ(mistake(std::string("listen = \"") + good + "\""), "no mistake") << good;
}

TEST(AgentConfig, WhatIsNoToml) {
  EXPECT_TRUE(mistake("a = 1\nb = = 2\n").starts_with("/etc/gorotrace.toml:2: not TOML: "));
  EXPECT_TRUE(mistake("rule = 3\n").starts_with("/etc/gorotrace.toml:1: rule: must be tables"));
  EXPECT_TRUE(mistake("rule = [1]\n").starts_with("/etc/gorotrace.toml:1: rule: must be tables"));
  EXPECT_TRUE(mistake("budget = 1\n").starts_with("/etc/gorotrace.toml:1: budget: must be a table"));
  EXPECT_TRUE(
      mistake(std::string("token_file = \"\\u0000\"\n")).starts_with("/etc/gorotrace.toml:1: token_f"));
  for (const char* header : {"[=", "[[[", "[", "[]", "[ #", "[.a]", "[a.]", "[\"\"\"a\"\"\"]"})
    EXPECT_TRUE(mistake(header).starts_with("/etc/gorotrace.toml:1: not TOML: ")) << header;
  EXPECT_TRUE(mistake("x\x1b[31m = 1").find('\x1b') == std::string::npos);
}

std::string joined(std::size_t parts, const std::string& part = "a") {
  std::string out = part;
  for (std::size_t i = 1; i < parts; ++i) out += "." + part;
  return out;
}

// The parser calls itself for each part of a key, and would leave the stack.
TEST(AgentConfig, AKeyHasFewParts) {
  const std::string refused = "/etc/gorotrace.toml:2: has more than 32 dots; no key has more than two parts";
  for (const std::size_t parts : {34u, 100'000u}) {
    const std::string key = joined(parts), quoted = joined(parts, "\"b.c\""), literal = joined(parts, "'b'");
    for (const std::string& text : {key + " = 1", "[" + key + "]", "[[" + key + "]]", quoted + " = 1",
                                    literal + " = 1", "x = { " + key + " = 1 }", "\t" + key + "\t= 1",
                                    "#\"\"\"\nx = { y = \"\"\"\n#\"\"\", " + key + " = 1 }"}) {
      const std::string message = mistake("\n" + text + "\n");
      EXPECT_TRUE(message == refused || message.find(":4: has more than 32 dots") != std::string::npos)
          << text.substr(0, 60) << ": " << message;
    }
  }
  EXPECT_NE(mistake(joined(33) + " = 1"), refused);
  EXPECT_TRUE(mistake(joined(33) + " = 1").starts_with("/etc/gorotrace.toml:1: a: no such key"));
  EXPECT_EQ(mistake("# " + joined(100) + "\n  #" + joined(100) + "\n"), "no mistake");
}

TEST(AgentConfig, WhatLiesDeepIsRefusedOrParsed) {
  std::string tables = "x = [\n", ends = "]";
  const std::string key = joined(33);
  for (int i = 0; i < 120; ++i) {
    tables += "{" + key + " = [\n";
    ends = "]}" + ends;
  }
  EXPECT_TRUE(mistake(tables + ends).starts_with("/etc/gorotrace.toml:1: x: no such key"));
  std::string braces = "x = ";
  for (int i = 0; i < 100'000; ++i) braces += "{a=";
  EXPECT_TRUE(mistake("x = " + std::string(1'000'000, '[')).starts_with("/etc/gorotrace.toml:1: not TOML"));
  EXPECT_TRUE(mistake(braces).starts_with("/etc/gorotrace.toml:1: not TOML"));
  EXPECT_TRUE(mistake(std::string(1'000'000, '[')).starts_with("/etc/gorotrace.toml:1: not TOML"));
}

TEST(AgentConfig, APatternIsOne) {
  const auto rule = [](const std::string& pattern, const char* key = "executable") {
    return mistake("[[rule]]\naction = \"exclude\"\n" + std::string(key) + " = '" + pattern + "'\n");
  };
  EXPECT_EQ(
      rule("[a"),
      "/etc/gorotrace.toml:3: rule.executable: must be a glob pattern, and \"[a\" has a \"[\" without its "
      "\"]\"; [[] is the character itself");
  EXPECT_TRUE(rule("x[", "pod").starts_with("/etc/gorotrace.toml:3: rule.pod: must be a glob pattern"));
  for (const char* bad : {"*[", "[]", "[!]", "[^]a", "[a\\]", "[[:alpha:]", "[[:letter:]]", "a\\", "[a]["})
    EXPECT_NE(rule(bad), "no mistake") << bad;
  for (const char* good : {"[a]", "[]]", "[!]a]", "[a\\]]", "[[:alpha:]_]", "[[]", "]", "\\[", "a\\*",
                           "[a-z]*?", "[[.-.]a]", "{a,b}"})
    EXPECT_EQ(rule(good), "no mistake") << good;
}

TEST(AgentConfig, AUserWhoIsNotHereIsWarnedOf) {
  const auto warnings = [](const std::string& user) {
    const auto config = parse_agent_config("\n[[rule]]\naction = \"exclude\"\nuser = '" + user + "'\n",
                                           "x.toml", [](const std::string& name) { return name == "shop"; });
    EXPECT_TRUE(config);
    return config->warnings;
  };
  EXPECT_TRUE(warnings("shop").empty());
  EXPECT_TRUE(warnings("web-*").empty());
  ASSERT_EQ(warnings("nosuchuser").size(), 1u);
  EXPECT_TRUE(
      warnings("nosuchuser")[0].starts_with("x.toml:4: rule.user: there is no user \"nosuchuser\" here"))
      << warnings("nosuchuser")[0];
  EXPECT_TRUE(is_user_here("root"));
  EXPECT_FALSE(is_user_here("0")) << "its processes have a name";
  EXPECT_TRUE(is_user_here("4000000000"));
  EXPECT_FALSE(is_user_here("nosuchuser"));
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
  EXPECT_EQ(decide(config->rules, subject).excluded, "the rule in line 2 excludes it");
  subject.executable = "/usr/bin/other";
  EXPECT_EQ(decide(config->rules, subject).excluded, std::nullopt);
  subject.name_space = "shop";
  EXPECT_EQ(decide(config->rules, subject).excluded, "no rule includes it");
  EXPECT_EQ(decide({}, subject).excluded, std::nullopt);
}

TEST(AgentRules, Probes) {
  const auto config = parse_agent_config(R"([[rule]]
action = "probe"
executable = "/srv/shop"
[[rule]]
action = "probe"
user = "www"
probes = "block,lifecycle"
[budget]
target = 2
node = 0.5
)",
                                         "x");
  ASSERT_TRUE(config) << config.error().message;
  constexpr GroupMask kBoth = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  EXPECT_EQ(config->probes, kBoth);
  EXPECT_EQ(config->target_percent, 2);
  EXPECT_EQ(config->node_percent, 0.5);
  RuleSubject subject;
  subject.executable = "/srv/shop";
  EXPECT_EQ(decide(config->rules, subject).probes, kBoth);
  subject.executable = "/srv/other";
  EXPECT_EQ(decide(config->rules, subject).probes, 0u);
  EXPECT_EQ(decide(config->rules, subject).excluded, std::nullopt) << "a probe rule includes nobody else";
  EXPECT_EQ(mistake("[[rule]]\naction = \"include\"\nuser = \"x\"\nprobes = \"block\"\n"),
            "/etc/gorotrace.toml:4: rule.probes: is for a rule with action = \"probe\"");
  EXPECT_EQ(mistake("[[rule]]\naction = \"probe\"\nuser = \"x\"\nprobes = \"heap\"\n"),
            "/etc/gorotrace.toml:4: rule.probes: must be groups, in quotes: "
            "lifecycle,block,run,syscall,sync,chan,panic,gc");
  EXPECT_EQ(mistake("[[rule]]\naction = \"probe\"\nuser = \"x\"\n[[rule]]\naction = \"probe\"\nuser = \"y\"\n"
                    "probes = \"block\"\n"),
            "/etc/gorotrace.toml:4: rule.probes: must be those of the rule in line 1: lifecycle,block");
}

TEST(AgentRules, WithExcludeRulesAloneTheRestIsWatched) {
  const std::vector<AgentRule> rules = {{false, {{RuleField::kUser, "root"}}, 0, 1}};
  RuleSubject subject;
  subject.user = "root";
  EXPECT_TRUE(decide(rules, subject).excluded);
  subject.user = "www";
  EXPECT_FALSE(decide(rules, subject).excluded);
}

}  // namespace
}  // namespace gorotrace
