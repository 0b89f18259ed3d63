#include "report/way_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/columns.h"
#include "report/text_parts.h"

namespace gorotrace {
namespace {

constexpr std::size_t kShownWays = 3;
constexpr std::string_view kFrom = "< ";

}  // namespace

std::string ways_text(const std::vector<CountedWay>& ways, std::size_t width, const Style& style) {
  std::string out;
  if (std::ranges::all_of(ways, [](const CountedWay& way) { return way.frames.empty(); })) return out;
  for (std::size_t i = 0; i < std::min(ways.size(), kShownWays); ++i) {
    const CountedWay& way = ways[i];
    const std::string count = ways.size() > 1 ? short_count(way.count) + "x " : "  ";
    if (way.frames.empty()) out += under(count + std::string(kFrom) + "(not known)");
    for (std::size_t f = 0; f < way.frames.size(); ++f) {
      const std::string head = (f == 0 ? count : std::string(count.size(), ' ')) + std::string(kFrom);
      out += under(head + frame_text(way.frames[f], {width, kIndent + head.size(), kIndent + 4}, style));
    }
  }
  if (ways.size() > kShownWays)
    out += under(fmt::format("  {}{} more ways", kFrom, ways.size() - kShownWays));
  return out;
}

}  // namespace gorotrace
