// The user's words for a budget.
#include <fmt/core.h>

#include <string_view>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "govern/governor.h"

namespace gorotrace {
namespace {

using namespace std::string_view_literals;

std::optional<double> positive(std::string_view text) {
  const auto value = whole_number<double>(text);
  return value && *value > 0 ? value : std::nullopt;
}

}  // namespace

Result<Budget> Budget::parse(const std::string& text, bool otherwise) {
  std::string_view word = text;
  Budget budget;
  budget.phases = otherwise;
  for (const auto& [how, phases] : {std::pair(",detach"sv, false), std::pair(",phases"sv, true)}) {
    if (!word.ends_with(how) || word.starts_with("none")) continue;
    budget.phases = phases;
    word.remove_suffix(how.size());
    break;
  }
  if (word == "none") {
    budget.unlimited = true;
    return budget;
  }
  if (word.ends_with('%')) {
    const std::optional<double> percent = positive(word.substr(0, word.size() - 1));
    if (percent && *percent <= 100) {
      budget.target_share = *percent / 100;
      return budget;
    }
  } else if (word.ends_with("cpu")) {
    const std::optional<double> cpus = positive(word.substr(0, word.size() - 3));
    if (cpus && *cpus <= 65536) {
      budget.cpus = cpus;
      return budget;
    }
  }
  return fail(
      ErrorKind::kUsage,
      fmt::format(
          "budget \"{}\" is none of: a share of the target's CPU time above 0 and up to 100 (\"10%\"), "
          "a number of CPUs (\"0.5cpu\"), either with \",detach\" or \",phases\" behind it, \"none\"",
          printable(text)));
}

}  // namespace gorotrace
