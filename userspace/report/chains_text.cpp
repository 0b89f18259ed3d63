#include "report/chains_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/plural.h"
#include "base/sort_stably.h"
#include "base/text.h"
#include "report/columns.h"
#include "report/frames.h"
#include "report/text_parts.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

constexpr std::size_t kShownChains = 4;  // of a place

using Steps = std::vector<std::string>;
struct WaitPlace {
  WaitChains::Sum sum;
  std::map<Steps, WaitChains::Sum> chains;  // that read alike are one
};

void add(WaitChains::Sum& to, const WaitChains::Sum& more) {
  to.count += more.count;
  to.total_ns += more.total_ns;
}

std::string place_of(Symbolizer& symbols, std::uint64_t stack) {
  const Frame* frame = naming_frame(symbols.stack(stack));
  if (frame == nullptr) return "a stack that is not known";
  const std::string at = location(*frame);
  return frame->function + (at.empty() ? "" : "  " + at);
}

std::string waker_of(Symbolizer& symbols, const Waker& waker) {
  return waker.kind == WakerKind::kGoroutine ? place_of(symbols, waker.stack)
                                             : runtime_waker_name(waker.kind);
}

const WaitChains::Sum& sum_of(const WaitChains::Sum& sum) {
  return sum;
}
const WaitChains::Sum& sum_of(const WaitPlace& place) {
  return place.sum;
}

template <typename Map>
auto sorted(const Map& map, bool by_count) {
  std::vector<const typename Map::value_type*> out;
  for (const auto& entry : map) out.push_back(&entry);
  sort_stably(out, std::greater(), [by_count](const auto* e) {
    const WaitChains::Sum& sum = sum_of(e->second);
    return by_count ? sum.count : sum.total_ns;
  });
  return out;
}

std::string cells(const WaitChains::Sum& sum) {
  return fmt::format("{:>9}{:>8}", format_duration(sum.total_ns), short_count(sum.count));
}

std::string chain_text(const Steps& steps, const WaitChains::Sum& sum, std::size_t width) {
  std::string out;
  std::size_t indent = cells(sum).size() + 2;
  for (const std::string& step : steps) {
    const std::string head = out.empty() ? cells(sum) + "  " : std::string(indent, ' ');
    out += wrapped(head + "woken by " + step, width, indent + 2);
    indent += 2;
  }
  return out;
}

}  // namespace

std::string chains_text(const WaitChains& chains, Symbolizer& symbols,
                        const std::vector<std::string>& reasons, const ChainsTextOptions& options) {
  std::map<std::pair<std::string, std::string>, WaitPlace> places;  // reason, where
  for (const auto& [row, sum] : chains.rows()) {
    if ((row.system && !options.system) || (options.shown && !options.shown(row))) continue;
    const std::string reason =
        row.reason < reasons.size() ? reasons[row.reason] : fmt::format("reason {}", row.reason);
    WaitPlace& place = places[{reason, place_of(symbols, row.stack)}];
    Steps steps;
    for (std::size_t i = 0; i < row.chain.steps; ++i) steps.push_back(waker_of(symbols, row.chain.wakers[i]));
    if (steps.empty()) steps.emplace_back("nobody that is known");
    add(place.sum, sum);
    add(place.chains[std::move(steps)], sum);
  }
  if (places.empty()) return "";
  const Style style{options.colour};
  const std::size_t limit = options.limit == 0 ? places.size() : std::min(options.limit, places.size());
  std::string out =
      "\n" +
      wrapped(style.bold("WHO MADE WHOM WAIT") +
                  fmt::format("  waits that ended, by {} · {} of {} · who ended them, who had woken "
                              "that one",
                              options.by_count ? "count" : "time", limit, plural(places.size(), "place")),
              options.width, 2);
  out += style.dim(fmt::format("{:>9}{:>8}", "waited", "count")) + "\n";
  const auto shown = sorted(places, options.by_count);
  for (std::size_t i = 0; i < limit; ++i) {
    const auto& [key, place] = *shown[i];
    out += wrapped(fmt::format("{}  {}  {}", style.bold(cells(place.sum)), key.first, key.second),
                   options.width, kIndent + 11);
    const auto wakers = sorted(place.chains, options.by_count);
    for (std::size_t j = 0; j < std::min(kShownChains, wakers.size()); ++j)
      out += chain_text(wakers[j]->first, wakers[j]->second, options.width);
    if (wakers.size() > kShownChains) {
      WaitChains::Sum others;
      for (std::size_t j = kShownChains; j < wakers.size(); ++j) add(others, wakers[j]->second);
      out += fmt::format("{}  {}\n", cells(others), plural(wakers.size() - kShownChains, "other chain"));
    }
  }
  if (chains.left_out() != 0)
    out += wrapped(fmt::format("({} of other stacks are in no row)", plural(chains.left_out(), "wait")),
                   options.width, 2);
  return out;
}

}  // namespace gorotrace
