#include "agent/rules.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

namespace gorotrace {
namespace {

const std::string& field_of(const RuleSubject& subject, RuleField field) {
  switch (field) {
    case RuleField::kExecutable:
      return subject.executable;
    case RuleField::kModule:
      return subject.module;
    case RuleField::kUser:
      return subject.user;
    case RuleField::kCgroup:
      return subject.cgroup;
    case RuleField::kContainer:
      return subject.container;
    case RuleField::kPod:
      return subject.pod;
    case RuleField::kNamespace:
      break;
  }
  return subject.name_space;
}

bool matches(const AgentRule& rule, const RuleSubject& subject) {
  return std::ranges::all_of(rule.patterns, [&](const auto& pattern) {
    return ::fnmatch(pattern.second.c_str(), field_of(subject, pattern.first).c_str(), 0) == 0;
  });
}

}  // namespace

RuleDecision decide(const std::vector<AgentRule>& rules, const RuleSubject& subject) {
  for (const AgentRule& rule : rules) {
    if (!matches(rule, subject)) continue;
    if (rule.include) return {std::nullopt, rule.probes};
    return {fmt::format("the rule in line {} excludes it", rule.line), 0};
  }
  if (std::ranges::any_of(rules, [](const AgentRule& rule) { return rule.include && rule.probes == 0; }))
    return {"no rule includes it", 0};
  return {};
}

}  // namespace gorotrace
