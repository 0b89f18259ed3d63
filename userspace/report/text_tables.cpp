#include "report/text_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace gorotrace {
namespace {

std::uint64_t since(std::uint64_t at, std::uint64_t begin) {
  return at > begin ? at - begin : 0;
}

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

std::string untied(std::string word) {
  for (std::size_t at; (at = word.find(kTie)) != std::string::npos;) word.replace(at, kTie.size(), " ");
  return word;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out, line;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string word = untied(cut_middle(text.substr(0, space), width - indent));
    text.remove_prefix(std::min(space + 1, text.size()));
    const bool first = line.find_first_not_of(' ') == std::string::npos;
    if (!first && display_width(line) + 1 + display_width(word) > width) {
      out += line + "\n";
      line = std::string(indent, ' ');
    } else if (!first) {
      line += ' ';
    }
    line += word;
  }
  return out + line + "\n";
}

std::string table_title(const TextContext& c, std::string_view title, std::string_view note,
                        const TableTrust& trust) {
  const std::string facts = fmt::format("{} · {} · {}", note, name_of(trust.engine), name_of(trust.quality));
  std::string out =
      "\n" + c.style.bold(title) + "  " + cut_middle(facts, c.width - display_width(title) - 2) + "\n";
  const std::uint64_t window = since(c.facts.end_ns, c.facts.begin_ns);
  // The census begins with its first look and ends with its last.
  if (trust.engine == Engine::kCensus && trust.covered_ns >= window - window / 100) return out;
  if (trust.engine == Engine::kSnapshot && !trust.covered_by_census.empty()) return out;
  if (trust.engine == Engine::kSnapshot) {
    return out + c.style.warn("  no probes of this table were on: only what memory shows at the end") + "\n";
  }
  if (trust.covered_ns >= window) return out;
  std::string saw = fmt::format("  saw {} of {}: {}", format_duration(trust.covered_ns),
                                format_duration(window), intervals_text(c, trust.covered));
  if (!trust.covered_by_census.empty())
    saw += fmt::format("; census: {}", intervals_text(c, trust.covered_by_census));
  return out + c.style.warn(wrapped(saw, c.width, 4));
}

}  // namespace gorotrace
