#include "report/way_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/plural.h"
#include "base/text.h"
#include "report/columns.h"
#include "report/text_parts.h"

namespace gorotrace {
namespace {

constexpr std::size_t kShownWays = 3;
constexpr std::string_view kFrom = "< ";

// What stands before the first frame of a way.
std::string label(const std::vector<CountedWay>& ways, std::size_t i, WaysOf whose) {
  if (ways.size() == 1) return "  ";
  if (whose == WaysOf::kRow) return short_count(ways[i].count) + "x ";
  return i == 0 ? "  either " : "      or ";
}

}  // namespace

std::string ways_text(const std::vector<CountedWay>& all, WaysOf whose, std::size_t width,
                      const Style& style) {
  std::string out;
  if (std::ranges::all_of(all, [](const CountedWay& way) { return way.frames.empty(); })) return out;
  // Those of which nothing is known may all have ended.
  std::vector<CountedWay> ways = all;
  std::erase_if(ways, [](const CountedWay& way) { return way.frames.empty() && way.count == 0; });
  for (std::size_t i = 0; i < std::min(ways.size(), kShownWays); ++i) {
    const CountedWay& way = ways[i];
    const std::string first = label(ways, i, whose);
    if (way.frames.empty()) out += under(first + std::string(kFrom) + "(not known)");
    for (std::size_t f = 0; f < way.frames.size(); ++f) {
      const std::string head = (f == 0 ? first : std::string(first.size(), ' ')) + std::string(kFrom);
      // Only that goroutine 1 did it is known then.
      const std::string_view after =
          is_main_goroutine(way.frames[f]) ? " (main.main or an init function)" : "";
      out +=
          under(head + frame_text(way.frames[f], {width, kIndent + head.size(), kIndent + 4}, style, after));
    }
  }
  if (ways.size() > kShownWays)
    out += under(fmt::format("{}{}{}", whose == WaysOf::kRow ? "  " : "      or ", kFrom,
                             plural(ways.size() - kShownWays, "more way")));
  return out;
}

}  // namespace gorotrace
