#include "cli/until.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "cli/messages.h"

namespace gorotrace {
namespace {

constexpr std::string_view kGoroutines = "goroutines>", kBlocked = "blocked>", kPanic = "panic";

std::unexpected<Error> refuse(const std::string& text, std::string_view why) {
  return fail(ErrorKind::kUsage,
              fmt::format("--until: \"{}\" {}; there are goroutines>N (more than N goroutines: "
                          "goroutines>10000), blocked>TIME:N (N goroutines or more that have been blocked "
                          "for longer: blocked>5s:500; without :N one) and panic (recovered or not; "
                          "panic>N: more than N)",
                          printable(text, 64), why));
}

Result<UntilCondition> parse_condition(const std::string& text) {
  const std::string_view all = text;
  if (all.starts_with(kGoroutines)) {
    const auto count = whole_number<std::uint64_t>(all.substr(kGoroutines.size()));
    if (!count) return refuse(text, "has no number of goroutines");
    return UntilCondition{UntilCondition::What::kGoroutines, {}, *count, text};
  }
  if (all.starts_with(kBlocked)) {
    const std::string_view rest = all.substr(kBlocked.size());
    const std::size_t colon = rest.find(':');
    const auto longer = parse_duration(rest.substr(0, colon));
    if (!longer) return refuse(text, "has no time such as 5s");
    std::optional<std::uint64_t> count = 1;
    if (colon != std::string_view::npos) count = whole_number<std::uint64_t>(rest.substr(colon + 1));
    if (!count || *count == 0) return refuse(text, "has no number of goroutines of 1 or more");
    return UntilCondition{UntilCondition::What::kBlocked, *longer, *count, text};
  }
  if (all == kPanic) return UntilCondition{UntilCondition::What::kPanics, {}, 0, text};
  if (all.starts_with(kPanic) && all.substr(kPanic.size()).starts_with('>')) {
    const auto count = whole_number<std::uint64_t>(all.substr(kPanic.size() + 1));
    if (!count) return refuse(text, "has no number of panics");
    return UntilCondition{UntilCondition::What::kPanics, {}, *count, text};
  }
  return refuse(text, "is no condition");
}

std::vector<std::uint64_t> times_of(const std::vector<UntilCondition>& conditions) {
  std::vector<std::uint64_t> out;
  for (const UntilCondition& condition : conditions) {
    const auto longer = static_cast<std::uint64_t>(condition.longer.count());
    if (condition.what == UntilCondition::What::kBlocked && std::ranges::find(out, longer) == out.end())
      out.push_back(longer);
  }
  return out;
}

}  // namespace

Result<std::vector<UntilCondition>> parse_until(const std::vector<std::string>& texts, GroupMask groups) {
  std::vector<UntilCondition> out;
  for (const std::string& text : texts) {
    auto condition = parse_condition(text);
    if (!condition) return std::unexpected(condition.error());
    if (condition->what == UntilCondition::What::kBlocked && (groups & group_bit(GT_GROUP_BLOCK)) == 0)
      return fail(
          ErrorKind::kUsage,
          fmt::format("--until {}: needs the group block, which --probes leaves out", printable(text, 64)));
    if (condition->what == UntilCondition::What::kPanics && (groups & group_bit(GT_GROUP_PANIC)) == 0)
      return fail(
          ErrorKind::kUsage,
          fmt::format("--until {}: needs the group panic, which --probes leaves out", printable(text, 64)));
    out.push_back(std::move(*condition));
  }
  return out;
}

std::string fulfilled(const std::vector<UntilCondition>& conditions, const std::vector<std::uint64_t>& than,
                      const std::vector<ModelsWatch::Seen>& targets) {
  for (const UntilCondition& condition : conditions) {
    for (const ModelsWatch::Seen& seen : targets) {
      if (condition.what == UntilCondition::What::kGoroutines) {
        if (seen.live && *seen.live > condition.count)
          return fmt::format("{}: {} in process {}", condition.text, *seen.live, seen.host_pid);
        continue;
      }
      if (condition.what == UntilCondition::What::kPanics) {
        if (seen.panics > condition.count)
          return fmt::format("{}: {} in process {}", condition.text, seen.panics, seen.host_pid);
        continue;
      }
      const auto longer = static_cast<std::uint64_t>(condition.longer.count());
      const auto i = static_cast<std::size_t>(std::ranges::find(than, longer) - than.begin());
      if (seen.waiting && i < seen.waiting->size() && (*seen.waiting)[i] >= condition.count)
        return fmt::format("{}: {} in process {}", condition.text, (*seen.waiting)[i], seen.host_pid);
    }
  }
  return "";
}

Until::Until(std::vector<UntilCondition> conditions)
    : conditions_(std::move(conditions)), than_(times_of(conditions_)), watch_(than_) {}

bool Until::wants_counters() const {
  return std::ranges::any_of(conditions_, [](const UntilCondition& condition) {
    return condition.what == UntilCondition::What::kGoroutines;
  });
}

void Until::begins(EventLoop& loop) {
  if (conditions_.empty()) return;
  loop.timers().every(std::chrono::nanoseconds(ModelsWatch::kPeriodNs), [this, &loop] { look(loop); });
}

void Until::look(EventLoop& loop) {
  if (!fired_.empty()) return;
  const std::vector<ModelsWatch::Seen> seen = watch_.seen();
  fired_ = fulfilled(conditions_, than_, seen);
  if (!fired_.empty()) return loop.stop();
  const bool blind = !than_.empty() && std::ranges::any_of(seen, [](const ModelsWatch::Seen& target) {
    return !target.waiting.has_value();
  });
  blind_looks_ = blind ? blind_looks_ + 1 : 0;
  if (blind_looks_ == kBlindLooks && !std::exchange(told_blind_, true))
    say("(the group block is off: while it is, how long goroutines have been blocked is not known)\n");
}

}  // namespace gorotrace
