// Which Go processes the agent watches: rules of the configuration, each of which includes or excludes what
// it matches. Pure. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "probe/names.h"

namespace gorotrace {

// What is known of a process when rules are applied. Texts are printable; "" where there is none.
struct RuleSubject {
  std::string executable, module, user, cgroup, container, pod, name_space;
};

enum class RuleField : std::uint8_t { kExecutable, kModule, kUser, kCgroup, kContainer, kPod, kNamespace };
template <>
inline constexpr auto kEnumNames<RuleField> = enum_names<RuleField>({
    {RuleField::kExecutable, "executable"},
    {RuleField::kModule, "module"},
    {RuleField::kUser, "user"},
    {RuleField::kCgroup, "cgroup"},
    {RuleField::kContainer, "container"},
    {RuleField::kPod, "pod"},
    {RuleField::kNamespace, "namespace"},
});

// What is wrong with a glob, as in "it ends with a backslash": fnmatch(3) takes such a one for plain text, or
// it matches nothing. nullopt: nothing is.
[[nodiscard]] std::optional<std::string> glob_mistake(std::string_view pattern);
// It means one text, itself.
[[nodiscard]] bool is_plain_text(std::string_view pattern);

struct AgentRule {
  bool include = true;
  // All must hold. Each pattern is a glob of fnmatch(3) in which '*' matches a '/', too.
  std::vector<std::pair<RuleField, std::string>> patterns;
  GroupMask probes = 0;    // of an include rule: what it matches has these probes, within the budgets
  std::uint32_t line = 0;  // of the configuration
};

struct RuleDecision {
  std::optional<std::string> excluded;  // why
  GroupMask probes = 0;
};

// The first rule that matches decides. Where none does, a process is watched, without probes, unless there is
// an include rule that has none.
[[nodiscard]] RuleDecision decide(const std::vector<AgentRule>& rules, const RuleSubject& subject);

}  // namespace gorotrace
