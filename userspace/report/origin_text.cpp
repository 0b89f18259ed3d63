#include "report/origin_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/sort_stably.h"
#include "base/text.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

constexpr std::size_t kShownWays = 3;
constexpr std::string_view kFrom = "< ";

struct Way {
  std::vector<Frame> frames;
  std::uint64_t live = 0, created = 0;
};

bool same_places(const std::vector<Frame>& a, const std::vector<Frame>& b) {
  return std::ranges::equal(a, b, [](const Frame& f, const Frame& g) {
    return f.function == g.function && f.file == g.file && f.line == g.line;
  });
}

// What reads alike is one.
std::vector<Way> ways(const CreationRow& row, Symbolizer& symbols) {
  std::vector<Way> out;
  for (const CreationRow::Origin& origin : row.origins) {
    std::vector<Frame> frames = way_from_user_code(chain_of(origin, symbols));
    const auto same =
        std::ranges::find_if(out, [&](const Way& way) { return same_places(way.frames, frames); });
    Way& way = same != out.end() ? *same : out.emplace_back(Way{.frames = std::move(frames)});
    way.live += origin.live;
    way.created += origin.created;
  }
  sort_stably(out, [](const Way& a, const Way& b) {
    return std::pair(b.live, b.created) < std::pair(a.live, a.created);
  });
  return out;
}

}  // namespace

std::vector<ChainLink> chain_of(const CreationRow::Origin& origin, Symbolizer& symbols) {
  std::vector<ChainLink> out;
  for (const CreationLink& link : origin.links) {
    const Frame& start = symbols.frames(link.startpc, PcKind::kExact).back();
    const bool made = !is_main_goroutine(start);
    out.push_back({.creator = link.creator,
                   .stack = symbols.stack(link.stack),
                   .site = made ? symbols.frames(link.gopc, PcKind::kReturnAddress) : std::vector<Frame>{},
                   .start = start});
    if (!made || has_user_code(out.back().stack) || has_user_code(out.back().site)) break;
  }
  return out;
}

std::string origins_text(const TextContext& c, const CreationRow& row) {
  const std::vector<Way> all = ways(row, c.symbols);
  std::string out;
  if (std::ranges::all_of(all, [](const Way& way) { return way.frames.empty(); })) return out;
  const bool counted = all.size() > 1;
  const bool live = std::ranges::any_of(all, [](const Way& way) { return way.live > 0; });
  for (std::size_t i = 0; i < std::min(all.size(), kShownWays); ++i) {
    const Way& way = all[i];
    const std::string count = counted ? short_count(live ? way.live : way.created) + "x " : "  ";
    if (way.frames.empty()) out += under(count + std::string(kFrom) + "(not known)");
    for (std::size_t f = 0; f < way.frames.size(); ++f) {
      const std::string head = (f == 0 ? count : std::string(count.size(), ' ')) + std::string(kFrom);
      out += under(c, head, head.size(), way.frames[f], c.style);
    }
  }
  if (all.size() > kShownWays) out += under(fmt::format("  {}{} more ways", kFrom, all.size() - kShownWays));
  return out;
}

}  // namespace gorotrace
