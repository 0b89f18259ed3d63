#include "report/text_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"

namespace gorotrace {
namespace {

std::string intervals_text(const TextContext& c, const std::vector<Interval>& intervals) {
  std::string out;
  constexpr std::size_t kShownParts = 4;
  for (std::size_t i = 0; i < std::min(kShownParts, intervals.size()); ++i) {
    const Interval& part = intervals[i];
    out += fmt::format("{}{}-{}", i == 0 ? "" : ", ", format_duration(since(part.from_ns, c.facts.begin_ns)),
                       format_duration(since(part.to_ns, c.facts.begin_ns)));
  }
  if (intervals.size() > kShownParts) out += fmt::format(" and {} more", intervals.size() - kShownParts);
  return out;
}

}  // namespace

std::string titled(const TextContext& c, std::string_view title, std::string_view text) {
  // Styled behind the breaking: a style has no width.
  const std::string lines = wrapped(fmt::format("{}  {}", title, text), c.width, 2);
  return "\n" + c.style.bold(title) + lines.substr(title.size());
}

std::string table_title(const TextContext& c, std::string_view title, std::string_view note,
                        const TableTrust& trust) {
  const std::string facts = fmt::format("{} · {} · {}", note, name_of(trust.engine), name_of(trust.quality));
  std::string out = titled(c, title, facts);
  const std::uint64_t window = since(c.facts.end_ns, c.facts.begin_ns);
  // Sampling begins with its first look and ends with its last.
  if (trust.engine == Engine::kSampling && trust.covered_ns >= window - window / 100) return out;
  if (trust.engine == Engine::kSnapshot && !trust.covered_by_sampling.empty()) return out;
  if (trust.engine == Engine::kSnapshot) {
    return out +
           c.style.warn(fmt::format("  no probes of this table were on: only what memory {}",
                                    c.tense("shows at the end", "showed when it was last read"))) +
           "\n";
  }
  if (trust.covered_ns >= window) return out;
  std::string saw = fmt::format("  saw {} of {}: {}", format_duration(trust.covered_ns),
                                format_duration(window), intervals_text(c, trust.covered));
  if (!trust.covered_by_sampling.empty())
    saw += fmt::format("; sampling: {}", intervals_text(c, trust.covered_by_sampling));
  return out + c.style.warn(wrapped(saw, c.width, 4));
}

}  // namespace gorotrace
