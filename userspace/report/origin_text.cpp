#include "report/origin_text.h"

#include <algorithm>
#include <utility>

#include "base/sort_stably.h"
#include "report/frames.h"
#include "report/way_text.h"

namespace gorotrace {
namespace {

struct Way {
  std::vector<Frame> frames;
  std::uint64_t live = 0, created = 0;
};

bool same_places(const std::vector<Frame>& a, const std::vector<Frame>& b) {
  return std::ranges::equal(a, b, [](const Frame& f, const Frame& g) {
    return f.function == g.function && f.file == g.file && f.line == g.line;
  });
}

// Of goroutine 1 it is known that it made something, or where: main.main's stack says so, runtime.main's does
// not.
bool by_main(const std::vector<Frame>& frames) {
  return !frames.empty() && (frames.back().function == "main.main" || is_main_goroutine(frames.back()));
}

bool same_way(const std::vector<Frame>& a, const std::vector<Frame>& b) {
  if (a.size() != b.size() || !by_main(a) || !by_main(b)) return same_places(a, b);
  return same_places({a.begin(), a.end() - 1}, {b.begin(), b.end() - 1}) &&
         (same_places(a, b) || is_main_goroutine(a.back()) || is_main_goroutine(b.back()));
}

// What reads alike is one.
std::vector<Way> ways(const CreationRow& row, Symbolizer& symbols) {
  std::vector<Way> out;
  for (const CreationRow::Origin& origin : row.origins) {
    std::vector<Frame> frames = way_from_user_code(chain_of(origin, symbols));
    const auto same = std::ranges::find_if(out, [&](const Way& way) { return same_way(way.frames, frames); });
    Way& way = same != out.end() ? *same : out.emplace_back(Way{.frames = frames});
    if (!frames.empty() && is_main_goroutine(way.frames.back())) way.frames = std::move(frames);
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

std::string origins_text(const TextContext& c, const CreationRow& row, WaysOf whose) {
  const std::vector<Way> all = ways(row, c.symbols);
  const bool live = std::ranges::any_of(all, [](const Way& way) { return way.live > 0; });
  std::vector<CountedWay> counted;
  for (const Way& way : all) counted.push_back({way.frames, live ? way.live : way.created});
  return ways_text(counted, whose, c.name_width(), c.style);
}

}  // namespace gorotrace
