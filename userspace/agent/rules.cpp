#include "agent/rules.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cstddef>
#include <expected>
#include <iterator>

#include "base/text.h"

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

constexpr std::string_view kClasses[] = {"alnum", "alpha", "blank", "cntrl", "digit", "graph",
                                         "lower", "print", "punct", "space", "upper", "xdigit"};

// Behind the bracket that begins before `at`, or why there is no such place.
std::expected<std::size_t, std::string> behind_bracket(std::string_view pattern, std::size_t at) {
  const auto is = [&](std::size_t i, std::string_view any) {
    return i < pattern.size() && any.find(pattern[i]) != std::string_view::npos;
  };
  if (is(at, "!^")) ++at;
  if (is(at, "]")) ++at;  // the first one is a character
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\') {
      at += 2;
    } else if (pattern[at] == '[' && is(at + 1, ":.=")) {
      const char kind[] = {pattern[at + 1], ']'};
      const std::size_t end = pattern.find(std::string_view(kind, 2), at + 2);
      if (end == std::string_view::npos) break;
      const std::string_view name = pattern.substr(at + 2, end - at - 2);
      if (kind[0] == ':' && std::ranges::find(kClasses, name) == std::end(kClasses))
        return std::unexpected(
            fmt::format("has [:{}:], which names no class of characters", printable(name, 32)));
      at = end + 2;
    } else {
      ++at;
    }
  }
  if (!is(at, "]")) return std::unexpected("has a \"[\" without its \"]\"; [[] is the character itself");
  return at + 1;
}

bool matches(const AgentRule& rule, const RuleSubject& subject) {
  return std::ranges::all_of(rule.patterns, [&](const auto& pattern) {
    return ::fnmatch(pattern.second.c_str(), field_of(subject, pattern.first).c_str(), 0) == 0;
  });
}

}  // namespace

std::optional<std::string> glob_mistake(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '[') {
      const auto end = behind_bracket(pattern, at + 1);
      if (!end) return end.error();
      at = *end;
    } else if (pattern[at] == '\\') {
      if (at + 1 == pattern.size()) return "ends with a backslash, which makes the next character itself";
      at += 2;
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

bool is_plain_text(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") == std::string_view::npos;
}

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
