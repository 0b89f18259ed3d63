#include "evidence/dump_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/number.h"
#include "base/text.h"

namespace gorotrace {
namespace {

// Of goroutines that are alive: what a dump can show.
constexpr std::array kStates{GStatus::kRunnable,  GStatus::kRunning,   GStatus::kSyscall, GStatus::kWaiting,
                             GStatus::kPreempted, GStatus::kCopystack, GStatus::kLeaked};

std::optional<GStatus> state_named(std::string_view name) {
  const auto state = value_named<GStatus>(name);
  return state && std::ranges::find(kStates, *state) != kStates.end() ? state : std::nullopt;
}

// Of the ASCII letters, which is all that reasons have.
std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string state_names() {
  std::vector<const char*> names;
  for (const GStatus state : kStates) names.push_back(name_of(state));
  return fmt::format("{}", fmt::join(names, "|"));
}

}  // namespace

bool contains_any(std::string_view text, const std::vector<std::string>& parts) {
  return std::ranges::any_of(parts,
                             [&](const std::string& p) { return text.find(p) != std::string_view::npos; });
}

Status DumpFilter::add(std::string_view condition) {
  if (take(condition)) {
    added_.emplace_back(condition);
    return {};
  }
  return fail(ErrorKind::kUsage, fmt::format("\"{}\" is not a condition", printable(condition, 64)));
}

bool DumpFilter::take(std::string_view condition) {
  const std::size_t equals = condition.find('=');
  const std::string_view key = condition.substr(0, equals);
  const std::string value(equals == std::string_view::npos ? "" : condition.substr(equals + 1));
  if (value.empty()) return false;
  if (key == "reason") {
    reasons.push_back(value);
    return true;
  }
  if (key == "function") {
    functions.push_back(value);
    return true;
  }
  if (key == "state") {
    const auto state = state_named(value);
    if (state) states.push_back(*state);
    return state.has_value();
  }
  if (key == "goid") {
    const auto goid = whole_number<std::uint64_t>(value);
    if (goid) goids.push_back(*goid);
    return goid.has_value();
  }
  const std::size_t inner = value.find('=');
  if (key != "label" || inner == std::string::npos || inner == 0) return false;
  labels.emplace_back(value.substr(0, inner), value.substr(inner + 1));
  return true;
}

std::vector<std::string> DumpFilter::conditions() const {
  std::vector<std::string> out;
  for (const std::string& condition : added_) out.push_back("--where " + printable(condition));
  for (const std::string& name : created_by) out.push_back("--created-by " + printable(name));
  if (min_wait_ns) out.push_back(fmt::format("--min-wait {}s", static_cast<double>(*min_wait_ns) / 1e9));
  if (system) out.emplace_back("--system");
  std::ranges::sort(out);
  const auto again = std::ranges::unique(out);
  out.erase(again.begin(), again.end());
  return out;
}

std::string dump_conditions() {
  return fmt::format("reason=WAIT REASON, state={}, function=PART OF A NAME, label=KEY=VALUE or goid=NUMBER",
                     state_names());
}

Status DumpFilter::find_reasons(const std::vector<std::string>& wait_reasons, std::string_view go_version) {
  std::vector<std::string> known;
  std::ranges::copy_if(wait_reasons, std::back_inserter(known),
                       [](const std::string& name) { return !name.empty(); });
  for (const GStatus state : kStates) known.emplace_back(name_of(state));
  std::vector<std::string> found;
  for (const std::string& reason : reasons) {
    const std::size_t before = found.size();
    const std::string wanted = lower(reason);
    const bool whole = std::ranges::find(known, wanted, lower) != known.end();
    std::ranges::copy_if(known, std::back_inserter(found), [&](const std::string& name) {
      return whole ? lower(name) == wanted : lower(name).find(wanted) != std::string::npos;
    });
    if (found.size() == before) {
      return fail(ErrorKind::kUsage,
                  fmt::format("no wait reason of {} has \"{}\" in it; there are {}",
                              go_version.empty() ? "its Go version" : printable(go_version, 64),
                              printable(reason, 64), fmt::join(known, ", ")));
    }
  }
  reasons = std::move(found);
  return {};
}

}  // namespace gorotrace
